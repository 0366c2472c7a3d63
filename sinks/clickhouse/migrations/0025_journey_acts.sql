-- What each account did, in chat and in the product, sorted by account and time. The same record always has the same key, so landing
-- it again changes nothing; `gone`: it does not count (repeated, or excluded). `version`: the epoch in which that was so, and the
-- version of the landed record.
CREATE TABLE ${database}.journey_acts${local} ${on_cluster} (
    account_id String,
    ts_ms Int64 CODEC(Delta, LZ4),
    topic LowCardinality(String),
    partition UInt16,
    offset UInt64,
    version UInt64,
    gone UInt8,
    side LowCardinality(String),
    group_id LowCardinality(String),
    what LowCardinality(String),
    detail String,
    event_id String CODEC(ZSTD(1))
) ENGINE = ${replicated}ReplacingMergeTree(version, gone)
ORDER BY (account_id, ts_ms, topic, partition, offset)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1, min_level_for_wide_part = 1, merge_selector_base = 10;
-- distribute journey_acts by cityHash64(account_id)

-- Up to which offset the records of each partition are in `journey_acts`, by the epoch that says which of them count.
CREATE TABLE ${database}.journey_marks${local} ${on_cluster} (
    topic LowCardinality(String),
    partition UInt16,
    epoch UInt8,
    next_offset UInt64
) ENGINE = ${replicated}ReplacingMergeTree(next_offset)
ORDER BY (topic, partition, epoch)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1, min_level_for_wide_part = 1;
-- distribute journey_marks by cityHash64(topic, partition)
