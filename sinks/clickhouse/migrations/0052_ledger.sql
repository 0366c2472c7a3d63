-- What results earn whoever brought them, as it stands now; kept as `people_members`.
CREATE TABLE ${database}.people_commissions${local} ${on_cluster} (
    topic LowCardinality(String),
    partition UInt16,
    referrer_user_id String,
    goal LowCardinality(String),
    conversion_id String,
    version UInt64,
    gone UInt8,
    person_id String,
    plan_id LowCardinality(String),
    ts_ms Int64,
    net_minor Int64,
    currency LowCardinality(String),
    earned_minor Int64,
    state LowCardinality(String) COMMENT 'held, released or void',
    until_ms Int64 COMMENT 'when the hold ends, or has ended',
    posted_minor Int64 COMMENT 'of this, what the ledger has accrued',
    released_minor Int64 COMMENT 'and released'
) ENGINE = ${replicated}ReplacingMergeTree(version, gone)
PARTITION BY (partition, bitShiftRight(version, 32))
ORDER BY (referrer_user_id, goal, conversion_id)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1, ${window} = 100, min_level_for_wide_part = 1;
-- distribute people_commissions by cityHash64(topic, partition)

-- The ledger: what was posted at the close of each day. Entries never change; every term lands them all again.
CREATE TABLE ${database}.people_ledger${local} ${on_cluster} (
    topic LowCardinality(String),
    partition UInt16,
    referrer_user_id String,
    day Date COMMENT 'the day at whose close it was posted',
    kind LowCardinality(String),
    goal LowCardinality(String) COMMENT 'of the result; adjustment or payout',
    source_id String COMMENT 'the order, event, adjustment or payout',
    currency LowCardinality(String),
    sequence Int64 COMMENT 'of a record of a payout, else 0',
    version UInt64,
    gone UInt8,
    amount_minor Int64,
    debit LowCardinality(String),
    credit LowCardinality(String)
) ENGINE = ${replicated}ReplacingMergeTree(version, gone)
PARTITION BY (partition, bitShiftRight(version, 32))
ORDER BY (referrer_user_id, day, kind, goal, source_id, currency, sequence)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1, ${window} = 100, min_level_for_wide_part = 1;
-- distribute people_ledger by cityHash64(topic, partition)

-- What referrers are owed by the ledger, and what is pending until the day closes; kept as `people_members`.
CREATE TABLE ${database}.people_balances${local} ${on_cluster} (
    topic LowCardinality(String),
    partition UInt16,
    referrer_user_id String,
    currency LowCardinality(String),
    version UInt64,
    gone UInt8,
    accrued Int64,
    held Int64,
    payable Int64,
    in_payout Int64,
    paid Int64,
    overpaid Int64,
    pending_accrued Int64,
    pending_released Int64
) ENGINE = ${replicated}ReplacingMergeTree(version, gone)
PARTITION BY (partition, bitShiftRight(version, 32))
ORDER BY (referrer_user_id, currency)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1, ${window} = 100, min_level_for_wide_part = 1;
-- distribute people_balances by cityHash64(topic, partition)

-- What became of payouts by the records that the ledger has seen; kept as `people_ledger`.
CREATE TABLE ${database}.people_payouts${local} ${on_cluster} (
    topic LowCardinality(String),
    partition UInt16,
    payout_id String,
    version UInt64,
    gone UInt8,
    referrer_user_id String,
    currency LowCardinality(String),
    amount_minor Int64,
    period_end_ms Int64,
    outcome LowCardinality(String) COMMENT 'accepted, paid, failed, refused or overpaid',
    sequence Int64 COMMENT 'of the newest record that was seen'
) ENGINE = ${replicated}ReplacingMergeTree(version, gone)
PARTITION BY (partition, bitShiftRight(version, 32))
ORDER BY payout_id
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1, ${window} = 100, min_level_for_wide_part = 1;
-- distribute people_payouts by cityHash64(topic, partition)

-- Up to which day the ledger is posted: one row, of the ledger `all`.
CREATE TABLE ${database}.people_posted${local} ${on_cluster} (
    topic LowCardinality(String),
    partition UInt16,
    ledger LowCardinality(String),
    version UInt64,
    gone UInt8,
    day Date
) ENGINE = ${replicated}ReplacingMergeTree(version, gone)
PARTITION BY (partition, bitShiftRight(version, 32))
ORDER BY ledger
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1, ${window} = 100, min_level_for_wide_part = 1;
-- distribute people_posted by cityHash64(topic, partition)
