-- What campaigns are, and between when joins, calls, posts and acts in the product named them: terms, versions and `gone` as in
-- `people_members`.
CREATE TABLE ${database}.people_campaigns${local} ${on_cluster} (
    topic LowCardinality(String),
    partition UInt16,
    campaign_id String,
    version UInt64,
    gone UInt8,
    channel LowCardinality(String),
    owner_id LowCardinality(String) COMMENT 'the operator whom its declaration names',
    first_ms Int64 COMMENT '0: nothing has named it yet',
    last_ms Int64
) ENGINE = ${replicated}ReplacingMergeTree(version, gone)
PARTITION BY (partition, bitShiftRight(version, 32))
ORDER BY campaign_id
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1, ${window} = 100, min_level_for_wide_part = 1;
-- distribute people_campaigns by cityHash64(topic, partition)

-- What campaigns cost by channel, group and operator, each event once; minor units of `currency`. `absurd` records are not counted.
CREATE TABLE ${database}.people_costs${local} ${on_cluster} (
    topic LowCardinality(String),
    partition UInt16,
    campaign_id String COMMENT '-: none',
    channel LowCardinality(String),
    group_id LowCardinality(String),
    operator_id LowCardinality(String),
    currency LowCardinality(String),
    version UInt64,
    gone UInt8,
    ads Int64,
    incentive Int64,
    commission Int64,
    labour Int64,
    other Int64,
    cost Int64,
    first_ms Int64,
    last_ms Int64,
    records UInt32,
    absurd UInt32
) ENGINE = ${replicated}ReplacingMergeTree(version, gone)
PARTITION BY (partition, bitShiftRight(version, 32))
ORDER BY (campaign_id, channel, group_id, operator_id, currency)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1, ${window} = 100, min_level_for_wide_part = 1;
-- distribute people_costs by cityHash64(topic, partition)
