-- What came of every call; kept as `people_members`.
CREATE TABLE ${database}.people_calls${local} ${on_cluster} (
    topic LowCardinality(String),
    partition UInt16,
    group_id LowCardinality(String),
    call_id String,
    version UInt64,
    gone UInt8,
    kind LowCardinality(String),
    series_id String,
    variant String,
    implicit UInt8,
    called_ms Int64,
    end_ms Int64,
    window_h UInt32,
    open UInt8,
    exposed UInt64,
    answered UInt64,
    talked UInt64,
    talked_before UInt64,
    median_answer_s Float64 COMMENT 'of those who answered; 0: nobody did'
) ENGINE = ${replicated}ReplacingMergeTree(version, gone)
PARTITION BY (partition, bitShiftRight(version, 32))
ORDER BY (group_id, call_id)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1, ${window} = 100, min_level_for_wide_part = 1,
    merge_selector_base = 10;
-- distribute people_calls by cityHash64(topic, partition)

-- Who answered which call, and when first. Whoever was exposed to a call and did not answer has no row.
CREATE TABLE ${database}.people_call_answers${local} ${on_cluster} (
    topic LowCardinality(String),
    partition UInt16,
    group_id LowCardinality(String),
    call_id String,
    member_id String,
    version UInt64,
    gone UInt8,
    first_ms Int64
) ENGINE = ${replicated}ReplacingMergeTree(version, gone)
PARTITION BY (partition, bitShiftRight(version, 32))
ORDER BY (group_id, call_id, member_id)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1, ${window} = 100, min_level_for_wide_part = 1,
    merge_selector_base = 10;
-- distribute people_call_answers by cityHash64(topic, partition)

-- How many members would come if their group were called now; `*` counts everybody once, at their best.
CREATE TABLE ${database}.people_call_groups${local} ${on_cluster} (
    topic LowCardinality(String),
    partition UInt16,
    group_id LowCardinality(String),
    version UInt64,
    gone UInt8,
    calls UInt64 COMMENT 'that count: the newest whose windows are over',
    members UInt64,
    answered_any UInt64,
    expected_answerers Float64
) ENGINE = ${replicated}ReplacingMergeTree(version, gone)
PARTITION BY (partition, bitShiftRight(version, 32))
ORDER BY group_id
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1, ${window} = 100, min_level_for_wide_part = 1;
-- distribute people_call_groups by cityHash64(topic, partition)
