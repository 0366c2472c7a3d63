-- What campaigns cost, as the records say; kind `none` declares a campaign and its channel. A repeated record lands as often as it
-- comes; whoever adds amounts up counts each event_id once.
CREATE TABLE ${database}.cost_events${local} ${on_cluster} (
    topic LowCardinality(String),
    partition UInt16,
    offset UInt64,
    version UInt64,
    ingested_on Date DEFAULT today(),
    kafka_ts_ms Int64,
    event_hash UInt64,
    duplicate UInt8,
    late UInt8,
    excluded UInt8 COMMENT '1: passed over, as an operator has decided',
    event_id String,
    type LowCardinality(String),
    ts_ms Int64,
    schema_version UInt16 DEFAULT 1,
    source_id LowCardinality(String),
    campaign_id String COMMENT '-: none',
    kind LowCardinality(String),
    amount_minor Int64 COMMENT 'minor units of currency',
    currency LowCardinality(String),
    channel LowCardinality(String),
    group_id LowCardinality(String),
    operator_id LowCardinality(String)
) ENGINE = ${replicated}ReplacingMergeTree(version)
ORDER BY (campaign_id, topic, partition, offset)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1, min_level_for_wide_part = 1;
-- distribute cost_events by cityHash64(topic, partition)
