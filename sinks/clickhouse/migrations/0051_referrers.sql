-- Who brought each person; kept as `people_members`. Whoever was brought by nobody has no row.
CREATE TABLE ${database}.people_referred${local} ${on_cluster} (
    topic LowCardinality(String),
    partition UInt16,
    person_id String,
    version UInt64,
    gone UInt8,
    referrer_id String,
    kind LowCardinality(String) COMMENT 'signup, trial, code, share or inviter',
    since_ms Int64,
    root_id String COMMENT 'who began the tree',
    generation UInt32 COMMENT 'steps from there'
) ENGINE = ${replicated}ReplacingMergeTree(version, gone)
PARTITION BY (partition, bitShiftRight(version, 32))
ORDER BY person_id
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1, ${window} = 100, min_level_for_wide_part = 1,
    merge_selector_base = 10;
-- distribute people_referred by cityHash64(topic, partition)

-- Whom everybody brought, by currency of their orders (empty: nobody paid); kept as `people_members`.
CREATE TABLE ${database}.people_referrers${local} ${on_cluster} (
    topic LowCardinality(String),
    partition UInt16,
    person_id String,
    currency LowCardinality(String),
    version UInt64,
    gone UInt8,
    direct Int32 COMMENT 'people brought by the person',
    size Int32 COMMENT 'and by those whom they brought, and so on',
    depth Int32 COMMENT 'generations below',
    generation Int32 COMMENT 'steps from who began the tree',
    virality Float64 COMMENT 'mean distance of two people of the tree below, with the person',
    k Float64 COMMENT 'people that each person below has brought, on average',
    cycle_ms Float64 COMMENT 'mean time from being brought to bringing, of the people below; -1: none did',
    direct_orders Int64,
    direct_minor Int64,
    orders Int64,
    net_minor Int64
) ENGINE = ${replicated}ReplacingMergeTree(version, gone)
PARTITION BY (partition, bitShiftRight(version, 32))
ORDER BY (person_id, currency)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1, ${window} = 100, min_level_for_wide_part = 1,
    merge_selector_base = 10;
-- distribute people_referrers by cityHash64(topic, partition)
