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
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1, min_level_for_wide_part = 1;
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
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1, min_level_for_wide_part = 1, merge_selector_base = 10;
-- distribute member_days by cityHash64(group_id)

-- How far closed hours and days were corrected after late and repeated events: one row a run and task. Groups whose days were
-- still open then are looked at again until the day is closed.
CREATE TABLE ${database}.corrections${local} ${on_cluster} (
    topic LowCardinality(String),
    partition UInt16,
    epoch UInt8,
    offset UInt64 COMMENT 'events before it are where they belong',
    pending Map(String, Int32) COMMENT 'group and day',
    rows UInt64 COMMENT 'rows that were written',
    made_at DateTime64(3) DEFAULT now64(3)
) ENGINE = ${replicated}MergeTree
ORDER BY (topic, partition, epoch, offset, made_at)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1, min_level_for_wide_part = 1;
-- distribute corrections by cityHash64(topic, partition)
