-- Product events as they came, one row a Kafka record that keeps the contract; as `events`.
CREATE TABLE ${database}.product_events${local} ${on_cluster} (
    topic LowCardinality(String),
    partition UInt16,
    offset UInt64,
    version UInt64,
    ingested_on Date DEFAULT today(),
    kafka_ts_ms Int64,
    event_hash UInt64,
    duplicate UInt8 COMMENT '1: this event_id came before in the partition, inside the horizon',
    late UInt8 COMMENT 'always 0: nothing here is closed by time',
    event_id String CODEC(ZSTD(1)),
    type LowCardinality(String),
    ts_ms Int64 CODEC(Delta, LZ4),
    schema_version UInt16 DEFAULT 1,
    source_id LowCardinality(String),
    user_id String,
    app_id LowCardinality(String),
    referrer_user_id String,
    referral_code String,
    campaign_id LowCardinality(String),
    channel LowCardinality(String),
    product_id LowCardinality(String),
    content_id String,
    link_id String,
    group_id LowCardinality(String),
    sharer_user_id String,
    call_id LowCardinality(String),
    target LowCardinality(String),
    order_id String,
    amount_minor Int64,
    currency LowCardinality(String),
    items UInt32,
    cost_minor Nullable(Int64),
    payment_fingerprint String,
    device_fingerprint String,
    ip_hash String,
    refund_id String,
    operator_id LowCardinality(String),
    purpose LowCardinality(String),
    outcome LowCardinality(String),
    depth LowCardinality(String),
    name LowCardinality(String),
    value Nullable(Float64),
    INDEX by_time ts_ms TYPE minmax GRANULARITY 1
) ENGINE = ${replicated}ReplacingMergeTree(version)
PARTITION BY toYYYYMM(ingested_on)
ORDER BY (topic, partition, offset)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1, ${window} = 100, min_level_for_wide_part = 1, merge_selector_base = 10;
-- distribute product_events by cityHash64(topic, partition)

-- The few product events that questions of money, contacts and shares are asked of; the same event has the same row.
CREATE TABLE ${database}.product_facts${local} ${on_cluster} (
    user_id String,
    type LowCardinality(String),
    ts_ms Int64,
    event_id String,
    version UInt64,
    app_id LowCardinality(String),
    referrer_user_id String,
    referral_code String,
    campaign_id LowCardinality(String),
    channel LowCardinality(String),
    product_id LowCardinality(String),
    link_id String,
    group_id LowCardinality(String),
    target LowCardinality(String),
    order_id String,
    amount_minor Int64,
    currency LowCardinality(String),
    items UInt32,
    cost_minor Nullable(Int64),
    payment_fingerprint String,
    device_fingerprint String,
    ip_hash String,
    refund_id String,
    operator_id LowCardinality(String),
    purpose LowCardinality(String),
    outcome LowCardinality(String),
    depth LowCardinality(String)
) ENGINE = ${replicated}ReplacingMergeTree(version)
ORDER BY (user_id, type, ts_ms, event_id)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1, min_level_for_wide_part = 1;
-- distribute product_facts by cityHash64(user_id)

-- State of the product workers, in two slots a key as `membership_states`.
CREATE TABLE ${database}.user_states${local} ${on_cluster} (
    topic LowCardinality(String),
    partition UInt16,
    user_id String,
    slot UInt8,
    version UInt64,
    first_ms Int64 COMMENT 'first act of the user; 2^62: none',
    last_ms Int64 COMMENT 'newest act of the user; 0: none',
    used_lo UInt64 COMMENT 'day mask, low word; bit 0 is the day of last_ms',
    used_hi UInt64,
    bought_lo UInt64,
    bought_hi UInt64,
    signup_ms Int64 COMMENT 'first; 2^62: unknown',
    trial_ms Int64,
    purchase_ms Int64,
    contacted_ms Int64 COMMENT 'newest contact by an operator; 0: none'
) ENGINE = ${replicated}ReplacingMergeTree(version)
PARTITION BY bitShiftRight(version, 56)
ORDER BY (user_id, topic, partition, slot)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1, ${window} = 100, min_level_for_wide_part = 1,
    merge_selector_base = 10;
-- distribute user_states by cityHash64(topic, partition)

-- Acts of a user that carry the id of one group, call, link or campaign.
CREATE TABLE ${database}.user_reference_states${local} ${on_cluster} (
    topic LowCardinality(String),
    partition UInt16,
    user_id String,
    kind LowCardinality(String) COMMENT 'group, call, link or campaign',
    reference String,
    slot UInt8,
    version UInt64,
    first_ms Int64,
    last_ms Int64,
    acted_lo UInt64 COMMENT 'day mask, low word; bit 0 is the day of last_ms',
    acted_hi UInt64
) ENGINE = ${replicated}ReplacingMergeTree(version)
PARTITION BY bitShiftRight(version, 56)
ORDER BY (user_id, kind, reference, topic, partition, slot)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1, ${window} = 100, min_level_for_wide_part = 1,
    merge_selector_base = 10;
-- distribute user_reference_states by cityHash64(topic, partition)

-- Who an account belongs to, as the records say; the newest of an account counts.
CREATE TABLE ${database}.link_events${local} ${on_cluster} (
    topic LowCardinality(String),
    partition UInt16,
    offset UInt64,
    version UInt64,
    ingested_on Date DEFAULT today(),
    kafka_ts_ms Int64,
    event_hash UInt64,
    duplicate UInt8,
    late UInt8,
    event_id String,
    type LowCardinality(String),
    ts_ms Int64,
    schema_version UInt16 DEFAULT 1,
    source_id LowCardinality(String),
    account_id String,
    user_id String,
    source LowCardinality(String),
    unlink UInt8
) ENGINE = ${replicated}ReplacingMergeTree(version)
ORDER BY (account_id, topic, partition, offset)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1, min_level_for_wide_part = 1;
-- distribute link_events by cityHash64(topic, partition)

-- The zombie score as it was fitted on a day, from the deployment's own outcomes, and how good it was.
CREATE TABLE ${database}.scores${local} ${on_cluster} (
    day Date COMMENT 'the day of event time on which it was fitted',
    horizon UInt16 COMMENT 'days: back within',
    mean Array(Float64) COMMENT 'of the features',
    scale Array(Float64),
    weights Array(Float64) COMMENT 'intercept and slopes',
    theta Float64 COMMENT 'of members with a lower score, 95 % never came back',
    longer Array(Float64) COMMENT 'share of all gaps between active days that last at least so many days, 0 to 128',
    members UInt64 COMMENT 'what it was fitted on',
    returned UInt64,
    auc Nullable(Float64) COMMENT 'of this fit on its own members',
    brier Nullable(Float64),
    fitted_at DateTime64(3) DEFAULT now64(3)
) ENGINE = ${replicated}MergeTree
ORDER BY (day, fitted_at)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1, min_level_for_wide_part = 1;
-- distribute scores by day
