-- Whom operators have reached, who has brought others, and whom to contact next; terms, versions and `gone` as in `people_members`.
CREATE TABLE ${database}.people_contacts${local} ${on_cluster} (
    topic LowCardinality(String),
    partition UInt16,
    group_id LowCardinality(String),
    member_id String,
    version UInt64,
    gone UInt8,
    person_id String,
    state LowCardinality(String),
    score Float64,
    contacts UInt32,
    last_ms Int64 COMMENT 'of the newest contact; 0: none',
    owner LowCardinality(String),
    purpose LowCardinality(String),
    depth LowCardinality(String),
    outcome LowCardinality(String),
    after_join Int8 COMMENT '-1: not known',
    returned_14d Int8 COMMENT '-1: not known, or not yet',
    referred UInt32,
    invited UInt32,
    payer UInt8,
    next UInt16 COMMENT 'rank in the group for the next contact; 0: none'
) ENGINE = ${replicated}ReplacingMergeTree(version, gone)
PARTITION BY (partition, bitShiftRight(version, 32))
ORDER BY (group_id, member_id)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1, ${window} = 100, min_level_for_wide_part = 1,
    merge_selector_base = 10;
-- distribute people_contacts by cityHash64(topic, partition)
