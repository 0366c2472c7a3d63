-- What groups (with no member_id) and members call themselves: of each the newest name by event time, equal times by a hash of
-- the event. ClickHouse takes it from the rows of `facts` as they land; rows without a name cost nothing.
CREATE TABLE ${database}.names${local} ${on_cluster} (
    group_id LowCardinality(String),
    member_id String,
    newness Int64 COMMENT 'event time in ms << 20, and 20 bits of the hash of the event id',
    name String
) ENGINE = ${replicated}ReplacingMergeTree(newness)
ORDER BY (group_id, member_id)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1, min_level_for_wide_part = 1;
-- distribute names by cityHash64(group_id)

CREATE MATERIALIZED VIEW ${database}.names_of_facts ${on_cluster} TO ${database}.names${local} AS
SELECT
    group_id, member_id, ts_ms * 1048576 + toInt64(bitAnd(cityHash64(event_id), 1048575)) AS newness,
    if(type = 'group', said.name, nickname) AS name
FROM ${database}.facts${local} AS said
WHERE (type = 'group' AND said.name != '') OR (type IN ('roster', 'profile') AND nickname != '');
