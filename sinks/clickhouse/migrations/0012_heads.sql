-- How far each task's rows count for good: its newest checkpoint of which Kafka has taken the commit. Written after that commit, so it
-- may be a moment behind `checkpoints`, and never ahead of what was committed.
CREATE TABLE ${database}.heads${local} ${on_cluster} (
    topic LowCardinality(String),
    partition UInt16,
    epoch UInt8,
    version UInt64 COMMENT 'of the checkpoint; rows of this version and below on its chain are vouched for',
    term UInt32,
    sequence UInt32,
    next_offset UInt64,
    begin_offset UInt64 COMMENT 'next offset at which the term began',
    clock_ms Int64 COMMENT 'clock of the partition at next_offset; 0: unknown',
    worker String,
    vouched_at DateTime64(3) DEFAULT now64(3)
) ENGINE = ${replicated}ReplacingMergeTree(version)
PARTITION BY (topic, epoch)
ORDER BY (topic, partition, epoch)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1, ${window} = 100, min_level_for_wide_part = 1;
-- distribute heads by cityHash64(topic, partition)
