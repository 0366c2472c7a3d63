-- The partition's clock at the checkpoint: the highest min(ts_ms, Kafka's stamp) of the records before it that keep the contract and
-- are not excluded.
ALTER TABLE ${database}.checkpoints${local} ${on_cluster} ADD COLUMN IF NOT EXISTS clock_ms Int64 AFTER offsets;
ALTER TABLE ${database}.checkpoints ${on_cluster} ADD COLUMN IF NOT EXISTS clock_ms Int64 AFTER offsets;

-- Days that a partition's clock has closed, one row per record that closed any: those from first_day to the day before until_day.
-- What a partition says of these days follows from its records before next_offset.
CREATE TABLE ${database}.day_closings${local} ${on_cluster} (
    topic LowCardinality(String),
    partition UInt16,
    first_day Date,
    until_day Date COMMENT 'the first day that is still open',
    next_offset UInt64 COMMENT 'follows the record that closed these days',
    clock_ms Int64 COMMENT 'clock of the partition at next_offset',
    version UInt64
) ENGINE = ${replicated}ReplacingMergeTree(version)
PARTITION BY (topic, bitShiftRight(version, 56))
ORDER BY (topic, partition, until_day)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1, min_level_for_wide_part = 1;
-- distribute day_closings by cityHash64(topic, partition)

-- Members who were active on a closed day, as their partition knew when it closed that day. Nothing changes these rows any more.
CREATE TABLE ${database}.member_day_acts${local} ${on_cluster} (
    topic LowCardinality(String),
    partition UInt16,
    day Date,
    group_id LowCardinality(String),
    member_id String,
    version UInt64,
    spoke UInt8,
    reacted UInt8,
    read UInt8
) ENGINE = ${replicated}ReplacingMergeTree(version)
PARTITION BY bitShiftRight(version, 56)
ORDER BY (topic, partition, day, group_id, member_id)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1, min_level_for_wide_part = 1;
-- distribute member_day_acts by cityHash64(topic, partition)

-- Users who acted on a closed day, and what their acts of that day referred to, as their partition knew when it closed that day.
CREATE TABLE ${database}.user_day_acts${local} ${on_cluster} (
    topic LowCardinality(String),
    partition UInt16,
    day Date,
    user_id String,
    version UInt64,
    used UInt8,
    bought UInt8
) ENGINE = ${replicated}ReplacingMergeTree(version)
PARTITION BY bitShiftRight(version, 56)
ORDER BY (topic, partition, day, user_id)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1, min_level_for_wide_part = 1;
-- distribute user_day_acts by cityHash64(topic, partition)

CREATE TABLE ${database}.reference_day_acts${local} ${on_cluster} (
    topic LowCardinality(String),
    partition UInt16,
    day Date,
    user_id String,
    kind LowCardinality(String) COMMENT 'group, call, link or campaign',
    reference String,
    version UInt64
) ENGINE = ${replicated}ReplacingMergeTree(version)
PARTITION BY bitShiftRight(version, 56)
ORDER BY (topic, partition, day, user_id, kind, reference)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1, min_level_for_wide_part = 1;
-- distribute reference_day_acts by cityHash64(topic, partition)
