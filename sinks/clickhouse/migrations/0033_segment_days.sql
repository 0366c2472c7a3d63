-- Which segment persons were in on closed days; a history as in `people_transitions`. One row per person and day on which anything in
-- it is another than the day before; on the first of a month, one of everybody, so that nobody has to look further back. Days are
-- numbers since 1970-01-01, unless they are dates; 0 or empty: none.
CREATE TABLE ${database}.people_segment_days${local} ${on_cluster} (
    history UInt32,
    person_id String,
    day Date COMMENT 'the day at whose end this holds',
    lifecycle LowCardinality(String) COMMENT 'empty: no longer known',
    stage LowCardinality(String),
    win_back UInt8,
    recency UInt8,
    frequency UInt8,
    monetary UInt8,
    currency LowCardinality(String) COMMENT 'that of most orders',
    orders UInt32,
    net_minor Int64,
    last_order Int32,
    referred UInt32,
    first_day Int32,
    last_day Int32 COMMENT 'newest active day of those who are neither new nor engaged',
    evaluated_at DateTime64(3) DEFAULT now64(3)
) ENGINE = ${replicated}ReplacingMergeTree(evaluated_at)
PARTITION BY history
ORDER BY (toStartOfMonth(day), person_id, day)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1, min_level_for_wide_part = 1;
-- distribute people_segment_days by cityHash64(person_id)
