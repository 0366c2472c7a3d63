-- What became of joins by what brought them: a source, an inviter (an account), a campaign or a channel. A row per currency in which new
-- people bought within 30 days; empty: nobody did. Kept as `people_members`.
CREATE TABLE ${database}.people_joins${local} ${on_cluster} (
    topic LowCardinality(String),
    partition UInt16,
    dimension LowCardinality(String),
    value String,
    currency LowCardinality(String),
    version UInt64,
    gone UInt8,
    joins UInt32,
    people UInt32,
    invited UInt32 COMMENT 'of joins, the inviter is known',
    left_1h UInt32,
    left_1d UInt32,
    left_7d UInt32,
    joins_7d UInt32 COMMENT 'joins whose day 7 is closed',
    left_of_7d UInt32 COMMENT 'of these, left within 7 days',
    spoke_7d UInt32,
    effective_7d UInt32,
    joins_30d UInt32 COMMENT 'joins whose day 30 is closed',
    effective_30d UInt32,
    quality Float64 COMMENT 'expected share that is effective on day 30; 0: no day 30 is closed',
    quality_lower Float64 COMMENT 'what that is below with a chance of 5 %',
    new_people UInt32 COMMENT 'people who first joined any group by one of these joins',
    signed_up_30d UInt32,
    bought_30d UInt32 COMMENT 'of new people, in this currency',
    net_minor Int64
) ENGINE = ${replicated}ReplacingMergeTree(version, gone)
PARTITION BY (partition, bitShiftRight(version, 32))
ORDER BY (dimension, value, currency)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1, ${window} = 100, min_level_for_wide_part = 1;
-- distribute people_joins by cityHash64(topic, partition)
