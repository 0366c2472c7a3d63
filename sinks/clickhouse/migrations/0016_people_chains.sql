-- By which of the people agent's rows everybody reads: for every share its newest checkpoint of which Kafka has taken the commit,
-- and of each term on the way there the last sequence that counts. Rows of other checkpoints do not count.
CREATE TABLE ${database}.people_chains${local} ${on_cluster} (
    topic LowCardinality(String),
    partition UInt16,
    epoch UInt8,
    version UInt64,
    terms Array(UInt32),
    lasts Array(UInt32)
) ENGINE = ${replicated}ReplacingMergeTree(version)
ORDER BY (topic, partition, epoch)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1, min_level_for_wide_part = 1;
-- distribute people_chains by cityHash64(topic, partition)
