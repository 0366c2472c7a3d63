-- Chat events as they came, one row a Kafka record that keeps the contract. A record landed again after a crash has the
-- same key and a higher version; `FINAL` shows one. Partitioned by the month of ingest, so that one block is one part.
-- Rows are written far oftener than read: a new part keeps its sixty columns in one file, as a file and two buffers a
-- column would cost more than the insert itself, and parts are merged ten at a time instead of five.
CREATE TABLE ${database}.events${local} ${on_cluster} (
    topic LowCardinality(String),
    partition UInt16,
    offset UInt64,
    version UInt64,
    ingested_on Date DEFAULT today(),
    kafka_ts_ms Int64,
    event_hash UInt64,
    duplicate UInt8 COMMENT '1: this event_id came before in the partition, inside the horizon',
    late UInt8 COMMENT '1: its hour was closed; hour and day rows do not count it until they are corrected',
    event_id String CODEC(ZSTD(1)),
    type LowCardinality(String),
    ts_ms Int64 CODEC(Delta, LZ4),
    schema_version UInt16 DEFAULT 1,
    source_id LowCardinality(String),
    platform LowCardinality(String),
    group_id LowCardinality(String),
    member_id String,
    message_id String CODEC(ZSTD(1)),
    kind LowCardinality(String),
    text String CODEC(ZSTD(1)),
    text_len UInt32,
    link_count UInt32,
    link_ids Array(String),
    reply_to_message_id String,
    reply_to_member_id String,
    mentions Array(String),
    mentions_all UInt8,
    room_id LowCardinality(String),
    thread_id String,
    campaign_id LowCardinality(String),
    call_id LowCardinality(String),
    question UInt8 COMMENT 'as the event says, or derived from its text',
    feature_version UInt16,
    actor_id String,
    to_member_id String,
    emoji LowCardinality(String),
    removed UInt8,
    count UInt32,
    inviter_id String,
    source LowCardinality(String),
    channel LowCardinality(String),
    link_id String,
    reason LowCardinality(String),
    snapshot_id LowCardinality(String),
    joined_at_ms Int64,
    role LowCardinality(String),
    nickname String,
    complete UInt8,
    attributes String COMMENT 'JSON object of strings',
    name String,
    created_at_ms Int64,
    owner_id String,
    status LowCardinality(String),
    member_count Nullable(UInt32),
    tags Array(String),
    aliases Array(String),
    healthy UInt8,
    series_id LowCardinality(String),
    variant LowCardinality(String),
    window_h UInt32,
    INDEX by_time ts_ms TYPE minmax GRANULARITY 1
) ENGINE = ${replicated}ReplacingMergeTree(version)
PARTITION BY toYYYYMM(ingested_on)
ORDER BY (topic, partition, offset)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1, ${window} = 100, min_level_for_wide_part = 1, merge_selector_base = 10;
-- distribute events by cityHash64(topic, partition)

-- The few events that say who belongs to a group and what it is: joins, leaves, rosters, profiles, groups, calls; and messages
-- that may be calls or bring people somewhere: with a link, a poll, a miniprogram, to everybody. The worker lands them here
-- too: a materialized view on `events` would cost half of an insert again.
CREATE TABLE ${database}.facts${local} ${on_cluster} (
    group_id LowCardinality(String),
    type LowCardinality(String),
    member_id String,
    ts_ms Int64,
    event_id String,
    version UInt64,
    platform LowCardinality(String),
    inviter_id String,
    source LowCardinality(String),
    channel LowCardinality(String),
    campaign_id LowCardinality(String),
    link_id String,
    reason LowCardinality(String),
    actor_id String,
    snapshot_id LowCardinality(String),
    joined_at_ms Int64,
    role LowCardinality(String),
    nickname String,
    complete UInt8,
    count UInt32,
    attributes String,
    name String,
    created_at_ms Int64,
    owner_id String,
    status LowCardinality(String),
    member_count Nullable(UInt32),
    tags Array(String),
    aliases Array(String),
    call_id LowCardinality(String),
    kind LowCardinality(String),
    series_id LowCardinality(String),
    variant LowCardinality(String),
    message_id String,
    window_h UInt32,
    link_ids Array(String),
    link_count UInt32,
    mentions_all UInt8
) ENGINE = ${replicated}ReplacingMergeTree(version)
ORDER BY (group_id, type, member_id, ts_ms, event_id)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1, min_level_for_wide_part = 1;
-- distribute facts by cityHash64(group_id)

-- Records that break the contract: where they stand in Kafka and why. Their bytes are in the dead-letter topic only.
CREATE TABLE ${database}.dead_letters${local} ${on_cluster} (
    topic LowCardinality(String),
    partition UInt16,
    offset UInt64,
    version UInt64,
    error LowCardinality(String),
    reason String,
    first_seen_ms Int64
) ENGINE = ${replicated}ReplacingMergeTree(version)
ORDER BY (topic, partition, offset)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1, min_level_for_wide_part = 1;
-- distribute dead_letters by cityHash64(topic, partition)
