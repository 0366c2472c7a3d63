-- The path of every conversion, the newest day first, and what every touch on it gets; kept as `people_members`. Arrays have one element
-- per touch, the oldest first; empty texts where a touch has no such value.
CREATE TABLE ${database}.people_conversions${local} ${on_cluster} (
    topic LowCardinality(String),
    partition UInt16,
    day Date,
    goal LowCardinality(String),
    conversion_id String COMMENT 'the order, or the event',
    version UInt64,
    gone UInt8,
    person_id String,
    user_id String,
    ts_ms Int64,
    net_minor Int64 COMMENT 'of an order; 0: the goal is no purchase',
    currency LowCardinality(String),
    older UInt32 COMMENT 'touches within the lookback that are left out, as there are too many',
    kinds Array(LowCardinality(String)),
    at_ms Array(Int64),
    campaign_ids Array(LowCardinality(String)),
    channels Array(LowCardinality(String)),
    group_ids Array(LowCardinality(String)),
    link_ids Array(String),
    sharer_ids Array(String),
    inviter_ids Array(String),
    call_ids Array(String),
    credits Array(Int64) COMMENT 'millionths of the conversion, by the model of the deployment',
    credits_minor Array(Int64),
    INDEX by_person person_id TYPE bloom_filter(0.001) GRANULARITY 1
) ENGINE = ${replicated}ReplacingMergeTree(version, gone)
PARTITION BY (partition, bitShiftRight(version, 32))
ORDER BY (-toInt32(day), goal, conversion_id)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1, ${window} = 100, min_level_for_wide_part = 1,
    merge_selector_base = 10, index_granularity = 1024;
-- distribute people_conversions by cityHash64(topic, partition)

-- What gets credit for the conversions of a day, by all models; kept as `people_members`. An empty value: touches without any, and
-- conversions without a touch.
CREATE TABLE ${database}.people_credits${local} ${on_cluster} (
    topic LowCardinality(String),
    partition UInt16,
    day Date,
    goal LowCardinality(String),
    currency LowCardinality(String),
    dimension LowCardinality(String) COMMENT 'campaign, channel, group, sharer, inviter or call',
    value String,
    version UInt64,
    gone UInt8,
    conversions Int64 COMMENT 'that have the value on their path',
    direct Int64 COMMENT 'of these, without any touch',
    first Int64 COMMENT 'millionths of conversions',
    first_minor Int64,
    last Int64,
    last_minor Int64,
    linear Int64,
    linear_minor Int64,
    position Int64,
    position_minor Int64,
    decay Int64,
    decay_minor Int64,
    shapley Int64,
    shapley_minor Int64
) ENGINE = ${replicated}ReplacingMergeTree(version, gone)
PARTITION BY (partition, bitShiftRight(version, 32))
ORDER BY (day, goal, currency, dimension, value)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1, ${window} = 100, min_level_for_wide_part = 1,
    merge_selector_base = 10;
-- distribute people_credits by cityHash64(topic, partition)
