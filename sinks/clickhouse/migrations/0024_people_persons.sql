-- Members of several groups, and where they are effective; terms, versions and `gone` as in `people_members`.
CREATE TABLE ${database}.people_across${local} ${on_cluster} (
    topic LowCardinality(String),
    partition UInt16,
    person_id String,
    group_id LowCardinality(String),
    member_id String,
    version UInt64,
    gone UInt8,
    state LowCardinality(String),
    groups UInt32,
    effective_elsewhere Array(String),
    dead_here_alive_there UInt8
) ENGINE = ${replicated}ReplacingMergeTree(version, gone)
PARTITION BY (partition, bitShiftRight(version, 32))
ORDER BY (person_id, group_id, member_id)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1, ${window} = 100, min_level_for_wide_part = 1;
-- distribute people_across by cityHash64(topic, partition)

-- Which accounts are whose: those that belong to another name than their own.
CREATE TABLE ${database}.people_accounts${local} ${on_cluster} (
    topic LowCardinality(String),
    partition UInt16,
    person_id String,
    account_id String,
    version UInt64,
    gone UInt8
) ENGINE = ${replicated}ReplacingMergeTree(version, gone)
PARTITION BY (partition, bitShiftRight(version, 32))
ORDER BY (person_id, account_id)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1, ${window} = 100, min_level_for_wide_part = 1;
-- distribute people_accounts by cityHash64(topic, partition)

-- Which segment everybody is in now. Days are numbers since 1970-01-01; 0, -1 or empty: none, or no longer known.
CREATE TABLE ${database}.people_segments${local} ${on_cluster} (
    topic LowCardinality(String),
    partition UInt16,
    person_id String,
    version UInt64,
    gone UInt8,
    lifecycle LowCardinality(String),
    stage LowCardinality(String),
    win_back Int8,
    currency LowCardinality(String),
    orders UInt32,
    net_minor Int64,
    last_order Int32,
    referred UInt32,
    first_day Int32,
    last_day Int32,
    recency UInt8,
    frequency UInt8,
    monetary UInt8
) ENGINE = ${replicated}ReplacingMergeTree(version, gone)
PARTITION BY (partition, bitShiftRight(version, 32))
ORDER BY person_id
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1, ${window} = 100, min_level_for_wide_part = 1;
-- distribute people_segments by cityHash64(topic, partition)
