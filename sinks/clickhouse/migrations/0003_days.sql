-- What a day was, written when a group's watermark closes it: a function of the events before the day's end.
CREATE TABLE ${database}.group_days${local} ${on_cluster} (
    group_id LowCardinality(String),
    day Date,
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
ORDER BY (group_id, day)
SETTINGS min_level_for_wide_part = 1;
-- distribute group_days by cityHash64(group_id)

-- Messages of a member on a closed day; days without any have no row.
CREATE TABLE ${database}.member_days${local} ${on_cluster} (
    group_id LowCardinality(String),
    day Date,
    member_id String,
    version UInt64,
    messages UInt32
) ENGINE = ${replicated}ReplacingMergeTree(version)
ORDER BY (group_id, day, member_id)
SETTINGS min_level_for_wide_part = 1, merge_selector_base = 10;
-- distribute member_days by cityHash64(group_id)
