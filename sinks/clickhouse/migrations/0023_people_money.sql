-- What every order is worth: terms, versions and `gone` as in `people_members`.
CREATE TABLE ${database}.people_orders${local} ${on_cluster} (
    topic LowCardinality(String),
    partition UInt16,
    order_id String,
    version UInt64,
    gone UInt8,
    user_id String,
    ts_ms Int64,
    amount_minor Int64,
    currency LowCardinality(String),
    items UInt32,
    product_id LowCardinality(String),
    group_id LowCardinality(String),
    campaign_id LowCardinality(String),
    cost_minor Nullable(Int64),
    asked_back_minor Int64,
    refunded_minor Int64,
    net_minor Int64,
    absurd UInt8,
    repeated UInt32,
    mixed_currencies UInt8
) ENGINE = ${replicated}ReplacingMergeTree(version, gone)
PARTITION BY (partition, bitShiftRight(version, 32))
ORDER BY order_id
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1, ${window} = 100, min_level_for_wide_part = 1;
-- distribute people_orders by cityHash64(topic, partition)

-- What the orders of a group's members amount to, by currency; `*` counts everybody once.
CREATE TABLE ${database}.people_payers${local} ${on_cluster} (
    topic LowCardinality(String),
    partition UInt16,
    group_id LowCardinality(String),
    currency LowCardinality(String),
    version UInt64,
    gone UInt8,
    payers Int64,
    first_payers Int64,
    repeated Int64,
    orders Int64,
    revenue Int64,
    credited Int64,
    effective Int64
) ENGINE = ${replicated}ReplacingMergeTree(version, gone)
PARTITION BY (partition, bitShiftRight(version, 32))
ORDER BY (group_id, currency)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1, ${window} = 100, min_level_for_wide_part = 1;
-- distribute people_payers by cityHash64(topic, partition)

-- Orders of which anything is new are read again whole, by their ids.
ALTER TABLE ${database}.product_facts${local} ${on_cluster} ADD INDEX IF NOT EXISTS by_order order_id TYPE bloom_filter(0.01) GRANULARITY 1;
ALTER TABLE ${database}.product_facts${local} ${on_cluster} MATERIALIZE INDEX by_order;
