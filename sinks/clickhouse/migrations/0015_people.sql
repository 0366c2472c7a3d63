-- What the people agent has worked out. A worker that takes a share over writes all its rows again, in a term of its own, and
-- nobody reads them before they are complete: so rows of an owner that lost its share count nowhere, whenever they land.
-- A term is a partition (its number is the version >> 32); in it a key's newest row counts, and `gone` takes a key away.
CREATE TABLE ${database}.people_members${local} ${on_cluster} (
    topic LowCardinality(String),
    partition UInt16,
    group_id LowCardinality(String),
    member_id String,
    version UInt64,
    gone UInt8,
    person_id String,
    state LowCardinality(String),
    reason LowCardinality(String),
    previous LowCardinality(String) COMMENT 'state at the end of the newest closed day; empty: none',
    since Date,
    returned_on Date COMMENT 'of the last return from at_risk or zombie to an effective state; 1970-01-01: none',
    role LowCardinality(String),
    linked UInt8,
    in_product UInt8,
    reads_reported UInt8,
    groups_28d UInt32,
    joined_ms Int64 COMMENT 'first known join; 0: unknown',
    spoke_ms Int64,
    active_ms Int64,
    acted_ms Int64 COMMENT 'newest act in the product with an id of this group; 0: none',
    used_ms Int64,
    score Float64,
    rhythm Float64,
    fading UInt8
) ENGINE = ${replicated}ReplacingMergeTree(version, gone)
PARTITION BY (partition, bitShiftRight(version, 32))
ORDER BY (group_id, member_id)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1, ${window} = 100, min_level_for_wide_part = 1,
    merge_selector_base = 10;
-- distribute people_members by cityHash64(topic, partition)

-- How many members of each state a group has now; `*` counts everybody once.
CREATE TABLE ${database}.people_groups${local} ${on_cluster} (
    topic LowCardinality(String),
    partition UInt16,
    group_id LowCardinality(String),
    version UInt64,
    gone UInt8,
    headcount Int64,
    unseen Int64,
    active Int64,
    participant Int64,
    lurker Int64,
    newcomer Int64,
    elsewhere Int64,
    unobservable Int64,
    at_risk Int64,
    zombie Int64,
    excluded Int64,
    left Int64
) ENGINE = ${replicated}ReplacingMergeTree(version, gone)
PARTITION BY (partition, bitShiftRight(version, 32))
ORDER BY group_id
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1, ${window} = 100, min_level_for_wide_part = 1;
-- distribute people_groups by cityHash64(topic, partition)

-- How far people's rows have come with every partition of their sources; `*`: the deployment's event time.
CREATE TABLE ${database}.people_sources${local} ${on_cluster} (
    topic LowCardinality(String),
    partition UInt16,
    contract LowCardinality(String),
    number UInt16 COMMENT 'of the partition',
    version UInt64,
    gone UInt8,
    source_version UInt64,
    next_offset UInt64,
    clock_ms Int64
) ENGINE = ${replicated}ReplacingMergeTree(version, gone)
PARTITION BY (partition, bitShiftRight(version, 32))
ORDER BY (contract, number)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1, ${window} = 100, min_level_for_wide_part = 1;
-- distribute people_sources by cityHash64(topic, partition)

-- Which term of every share is read: the newest that is complete.
CREATE TABLE ${database}.people_terms${local} ${on_cluster} (
    topic LowCardinality(String),
    partition UInt16,
    version UInt64 COMMENT 'of the newest checkpoint of which Kafka has taken the commit'
) ENGINE = ${replicated}ReplacingMergeTree(version)
ORDER BY (topic, partition)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1, min_level_for_wide_part = 1;
-- distribute people_terms by cityHash64(topic, partition)
