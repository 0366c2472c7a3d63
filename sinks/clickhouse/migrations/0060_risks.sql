-- Referrers who may have forged whom they brought, one row per case; kept as `people_members`.
CREATE TABLE ${database}.people_risks${local} ${on_cluster} (
    topic LowCardinality(String),
    partition UInt16,
    person_id String,
    rule LowCardinality(String),
    version UInt64,
    gone UInt8,
    score Float64 COMMENT 'how likely the rule by itself makes a forgery',
    risk Float64 COMMENT 'how likely all rules do',
    counted Float64 COMMENT 'what the rule counts',
    of Float64 COMMENT 'of how many; 0: of none',
    opened_ms Int64,
    closed_ms Int64 COMMENT '0: the case is open',
    decision LowCardinality(String) COMMENT 'release, void or trust; empty: the case is open',
    actor_id String,
    reason String
) ENGINE = ${replicated}ReplacingMergeTree(version, gone)
PARTITION BY (partition, bitShiftRight(version, 32))
ORDER BY (person_id, rule)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1, ${window} = 100, min_level_for_wide_part = 1;
-- distribute people_risks by cityHash64(topic, partition)
