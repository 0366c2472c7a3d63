-- Records that operators have excluded land as all others, and count nowhere.
ALTER TABLE ${database}.events${local} ${on_cluster} ADD COLUMN IF NOT EXISTS excluded UInt8
    COMMENT '1: the numbers in use pass it over, as an operator has decided' AFTER late;
ALTER TABLE ${database}.events ${on_cluster} ADD COLUMN IF NOT EXISTS excluded UInt8 AFTER late;
ALTER TABLE ${database}.product_events${local} ${on_cluster} ADD COLUMN IF NOT EXISTS excluded UInt8
    COMMENT '1: the numbers in use pass it over, as an operator has decided' AFTER late;
ALTER TABLE ${database}.product_events ${on_cluster} ADD COLUMN IF NOT EXISTS excluded UInt8 AFTER late;
ALTER TABLE ${database}.link_events${local} ${on_cluster} ADD COLUMN IF NOT EXISTS excluded UInt8
    COMMENT '1: passed over, as an operator has decided' AFTER late;
ALTER TABLE ${database}.link_events ${on_cluster} ADD COLUMN IF NOT EXISTS excluded UInt8 AFTER late;

-- What operators have decided, one row per record of the topic `operations`. `of_topic`, `of_partition`, `of_offset` name the
-- record that a decision is about.
CREATE TABLE ${database}.operations${local} ${on_cluster} (
    topic LowCardinality(String),
    partition UInt16,
    offset UInt64,
    version UInt64,
    ingested_on Date DEFAULT today(),
    kafka_ts_ms Int64,
    event_hash UInt64,
    duplicate UInt8,
    late UInt8,
    excluded UInt8,
    event_id String,
    type LowCardinality(String),
    ts_ms Int64,
    schema_version UInt16 DEFAULT 1,
    source_id LowCardinality(String),
    subject String,
    actor_id String,
    reason String,
    of_topic LowCardinality(String),
    of_partition UInt16,
    of_offset UInt64,
    undo UInt8 COMMENT '1: the decision is taken back'
) ENGINE = ${replicated}ReplacingMergeTree(version)
ORDER BY (topic, partition, offset)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1, min_level_for_wide_part = 1;
-- distribute operations by cityHash64(topic, partition)
