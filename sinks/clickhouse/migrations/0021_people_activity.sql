-- How alive groups are now: a number per window that ends now (1 and 24 hours, 7 and 28 days); `*` counts everybody once.
CREATE TABLE ${database}.people_activity${local} ${on_cluster} (
    topic LowCardinality(String),
    partition UInt16,
    group_id LowCardinality(String),
    version UInt64,
    gone UInt8,
    messages Array(UInt64),
    joins Array(UInt64),
    leaves Array(UInt64),
    replies Array(UInt64),
    questions Array(UInt64),
    mentions Array(UInt64),
    links Array(UInt64),
    speakers Array(UInt64),
    reactors Array(UInt64),
    readers Array(UInt64),
    buyers Array(UInt64),
    dau UInt64,
    wau UInt64,
    mau UInt64,
    stickiness Float64
) ENGINE = ${replicated}ReplacingMergeTree(version, gone)
PARTITION BY (partition, bitShiftRight(version, 32))
ORDER BY group_id
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1, ${window} = 100, min_level_for_wide_part = 1;
-- distribute people_activity by cityHash64(topic, partition)

-- Loud, occasional and silent members of groups now, by days spoken of the last 28; `*` counts everybody once.
CREATE TABLE ${database}.people_tiers${local} ${on_cluster} (
    topic LowCardinality(String),
    partition UInt16,
    group_id LowCardinality(String),
    version UInt64,
    gone UInt8,
    members UInt64,
    size_band LowCardinality(String),
    daily UInt64,
    loud UInt64,
    occasional UInt64,
    silent UInt64,
    loud_share Float64,
    occasional_share Float64,
    silent_share Float64,
    messages Int64,
    loud_messages Int64,
    occasional_messages Int64,
    loud_message_share Float64,
    effective_speakers Float64,
    gini Float64,
    half_of_messages_by UInt32
) ENGINE = ${replicated}ReplacingMergeTree(version, gone)
PARTITION BY (partition, bitShiftRight(version, 32))
ORDER BY group_id
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1, ${window} = 100, min_level_for_wide_part = 1;
-- distribute people_tiers by cityHash64(topic, partition)
