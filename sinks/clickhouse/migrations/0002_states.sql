-- State of the workers, and at the same time what is asked of "now". Every key has two rows, its slots: a flush writes the one
-- that does not hold the last checkpointed version, so a cut that belongs to a checkpoint is never overwritten.
-- version = epoch << 56 | term << 32 | sequence << 1 | corrected. Rows of two epochs never merge: an epoch is a partition.
CREATE TABLE ${database}.membership_states${local} ${on_cluster} (
    topic LowCardinality(String),
    partition UInt16,
    group_id LowCardinality(String),
    member_id String,
    slot UInt8,
    version UInt64,
    spoke_lo UInt64 COMMENT 'day mask, low word; bit 0 is the day of last_ms',
    spoke_hi UInt64,
    reacted_lo UInt64,
    reacted_hi UInt64,
    read_lo UInt64,
    read_hi UInt64,
    spoke_hours UInt64 COMMENT 'hour mask; bit 0 is the hour of last_ms',
    reacted_hours UInt64,
    read_hours UInt64,
    first_ms Int64,
    last_ms Int64,
    spoke_ms Int64,
    join_ms Int64 COMMENT 'first known join; 2^62: unknown',
    in_ms Int64,
    out_ms Int64,
    role_ms Int64,
    messages UInt32,
    open_messages Array(UInt32) COMMENT 'messages of the days not yet closed, by day modulo 4',
    joins UInt16,
    leaves UInt16,
    source LowCardinality(String),
    role LowCardinality(String),
    inviter_id String
) ENGINE = ${replicated}ReplacingMergeTree(version)
PARTITION BY bitShiftRight(version, 56)
ORDER BY (group_id, member_id, topic, partition, slot)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1, ${window} = 100, min_level_for_wide_part = 1,
    merge_selector_base = 10;
-- distribute membership_states by cityHash64(topic, partition)

CREATE TABLE ${database}.group_states${local} ${on_cluster} (
    topic LowCardinality(String),
    partition UInt16,
    group_id LowCardinality(String),
    slot UInt8,
    version UInt64,
    max_ms Int64 COMMENT 'highest event time seen; the watermark is this minus the lateness',
    first_ms Int64,
    activity_ms Int64,
    closed_hour Int64,
    closed_day Int32 COMMENT 'days below this are closed',
    created_ms Int64,
    status_ms Int64,
    count_ms Int64,
    heartbeat_ms Int64,
    snapshot UInt64,
    snapshot_ms Int64,
    complete UInt8,
    roster_ms Int64 COMMENT 'members not seen since the newest complete roster have left',
    late Int64,
    member_count Int32,
    platform LowCardinality(String),
    status LowCardinality(String),
    healthy UInt8
) ENGINE = ${replicated}ReplacingMergeTree(version)
PARTITION BY bitShiftRight(version, 56)
ORDER BY (group_id, topic, partition, slot)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1, ${window} = 100, min_level_for_wide_part = 1;
-- distribute group_states by cityHash64(topic, partition)

CREATE TABLE ${database}.pane_states${local} ${on_cluster} (
    topic LowCardinality(String),
    partition UInt16,
    group_id LowCardinality(String),
    daily UInt8,
    bucket Int64 COMMENT 'hours, or days, since 1970-01-01',
    slot UInt8,
    version UInt64,
    messages UInt32,
    speakers UInt32,
    reactions UInt32,
    reactors UInt32,
    reads UInt32,
    readers UInt32,
    joins UInt32,
    leaves UInt32,
    replies UInt32,
    mentions UInt32,
    questions UInt32,
    links UInt32,
    edits UInt32,
    recalls UInt32,
    calls UInt32
) ENGINE = ${replicated}ReplacingMergeTree(version)
PARTITION BY bitShiftRight(version, 56)
ORDER BY (group_id, daily, bucket, topic, partition, slot)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1, ${window} = 100, min_level_for_wide_part = 1;
-- distribute pane_states by cityHash64(topic, partition)

-- One row a flush and task: the offsets to which all rows of its version and before belong. A term's first row (sequence 0)
-- names its parent; later rows of that parent's term are void.
CREATE TABLE ${database}.checkpoints${local} ${on_cluster} (
    topic LowCardinality(String),
    partition UInt16,
    epoch UInt8,
    term UInt32,
    sequence UInt32,
    parent_term UInt32,
    parent_sequence UInt32,
    offsets Map(String, UInt64) COMMENT 'next offset a topic',
    worker String,
    written_at DateTime64(3) DEFAULT now64(3)
) ENGINE = ${replicated}MergeTree
PARTITION BY (topic, epoch)
ORDER BY (topic, partition, term, sequence)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1, ${window} = 100, min_level_for_wide_part = 1;
-- distribute checkpoints by cityHash64(topic, partition)

-- What the rows of an epoch were made from and with. The newest one that is ready is read and written; the first row of a
-- number is the claim of a deployment to it, others are refused.
CREATE TABLE ${database}.epochs${local} ${on_cluster} (
    epoch UInt8,
    ready UInt8,
    settings String COMMENT 'time zone, lateness and duplicate horizon',
    cluster String COMMENT 'id of the Kafka cluster',
    topic String,
    topic_id String,
    partitions UInt16,
    made_at DateTime64(6) DEFAULT now64(6)
) ENGINE = ${replicated}MergeTree
ORDER BY (epoch, made_at)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1, min_level_for_wide_part = 1;
-- distribute epochs by epoch
