-- Members by attribute and value; `*` counts everybody once. Terms, versions and `gone` as in `people_members`.
CREATE TABLE ${database}.people_profiles${local} ${on_cluster} (
    topic LowCardinality(String),
    partition UInt16,
    group_id LowCardinality(String),
    attribute LowCardinality(String),
    value String,
    version UInt64,
    gone UInt8,
    active UInt32,
    participant UInt32,
    lurker UInt32,
    newcomer UInt32,
    elsewhere UInt32,
    unobservable UInt32,
    at_risk UInt32,
    zombie UInt32,
    payers UInt32,
    revenue_minor Map(String, Int64) COMMENT 'by currency'
) ENGINE = ${replicated}ReplacingMergeTree(version, gone)
PARTITION BY (partition, bitShiftRight(version, 32))
ORDER BY (group_id, attribute, value)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1, ${window} = 100, min_level_for_wide_part = 1;
-- distribute people_profiles by cityHash64(topic, partition)
