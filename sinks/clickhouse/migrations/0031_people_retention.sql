-- How many members stayed, spoke and used the product n (1, 7, 30, 60, 90) days after they first joined the group: per cohort, which is
-- the day of the join, in order, with only those whose day n is closed. `*` counts everybody once, by the first join to any group.
CREATE TABLE ${database}.people_retention${local} ${on_cluster} (
    topic LowCardinality(String),
    partition UInt16,
    group_id LowCardinality(String),
    dimension LowCardinality(String),
    value String,
    n UInt8,
    version UInt64,
    gone UInt8,
    cohorts Array(Date),
    base Array(UInt32),
    stayed Array(UInt32),
    spoke Array(UInt32),
    spoke_within_7d Array(UInt32),
    linked_base Array(UInt32),
    used Array(UInt32),
    used_within_7d Array(UInt32)
) ENGINE = ${replicated}ReplacingMergeTree(version, gone)
PARTITION BY (partition, bitShiftRight(version, 32))
ORDER BY (group_id, dimension, value, n)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1, ${window} = 100, min_level_for_wide_part = 1;
-- distribute people_retention by cityHash64(topic, partition)
