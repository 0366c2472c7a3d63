-- What a day was, written when a group's watermark closes it: a function of the events before the day's end. The epoch
-- is part of the key, so that FINAL keeps epochs apart.
CREATE TABLE ${database}.group_days${local} ${on_cluster} (
    group_id LowCardinality(String),
    day Date,
    topic LowCardinality(String),
    partition UInt16,
    version UInt64,
    speakers_1d UInt32,
    speakers_7d UInt32,
    speakers_28d UInt32,
    reactors_1d UInt32,
    reactors_7d UInt32,
    reactors_28d UInt32,
    readers_1d UInt32,
    readers_7d UInt32,
    readers_28d UInt32,
    participants_1d UInt32 COMMENT 'spoke or reacted',
    participants_7d UInt32,
    participants_28d UInt32
) ENGINE = ${replicated}ReplacingMergeTree(version)
PARTITION BY bitShiftRight(version, 56)
ORDER BY (group_id, day, bitShiftRight(version, 56))
SETTINGS min_level_for_wide_part = 1;
-- distribute group_days by cityHash64(group_id)

-- Messages of a member on a closed day; days without any have no row.
CREATE TABLE ${database}.member_days${local} ${on_cluster} (
    group_id LowCardinality(String),
    day Date,
    member_id String,
    topic LowCardinality(String),
    partition UInt16,
    version UInt64,
    messages UInt32
) ENGINE = ${replicated}ReplacingMergeTree(version)
PARTITION BY bitShiftRight(version, 56)
ORDER BY (group_id, day, member_id, bitShiftRight(version, 56))
SETTINGS min_level_for_wide_part = 1, merge_selector_base = 10;
-- distribute member_days by cityHash64(group_id)
