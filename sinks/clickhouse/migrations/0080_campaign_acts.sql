-- How many users did what that names a campaign; kept as `people_members`.
CREATE TABLE ${database}.people_campaign_acts${local} ${on_cluster} (
    topic LowCardinality(String),
    partition UInt16,
    campaign_id String,
    version UInt64,
    gone UInt8,
    users UInt32 COMMENT 'who did anything that names it',
    clicked UInt32,
    sharers UInt32,
    signed_up UInt32,
    tried UInt32,
    shares UInt32 COMMENT 'events, not users'
) ENGINE = ${replicated}ReplacingMergeTree(version, gone)
PARTITION BY (partition, bitShiftRight(version, 32))
ORDER BY campaign_id
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1, ${window} = 100, min_level_for_wide_part = 1;
-- distribute people_campaign_acts by cityHash64(topic, partition)

-- What orders that name a campaign come to; kept as `people_members`. Minor units of `currency`.
CREATE TABLE ${database}.people_campaign_orders${local} ${on_cluster} (
    topic LowCardinality(String),
    partition UInt16,
    campaign_id String,
    currency LowCardinality(String),
    version UInt64,
    gone UInt8,
    buyers UInt32 COMMENT 'users',
    orders UInt32,
    costed UInt32 COMMENT 'of them, those that say what they cost',
    net_minor Int64,
    cost_minor Int64 COMMENT 'of those that say so'
) ENGINE = ${replicated}ReplacingMergeTree(version, gone)
PARTITION BY (partition, bitShiftRight(version, 32))
ORDER BY (campaign_id, currency)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1, ${window} = 100, min_level_for_wide_part = 1;
-- distribute people_campaign_orders by cityHash64(topic, partition)
