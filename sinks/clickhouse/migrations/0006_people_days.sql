-- How many people of all groups, each once, were active in the days that end with a closed day; written before that day is
-- done.
CREATE TABLE ${database}.people_days${local} ${on_cluster} (
    day Date,
    speakers_1d UInt64,
    speakers_7d UInt64,
    speakers_28d UInt64,
    reactors_1d UInt64,
    reactors_7d UInt64,
    reactors_28d UInt64,
    readers_1d UInt64,
    readers_7d UInt64,
    readers_28d UInt64,
    evaluated_at DateTime64(3) DEFAULT now64(3)
) ENGINE = ${replicated}ReplacingMergeTree(evaluated_at)
ORDER BY day
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1, min_level_for_wide_part = 1;
-- distribute people_days by day
