-- What members were on closed days, worked out by the people agent from what was known when each day was closed. These rows are functions of
-- records, so whoever writes them writes the same. A history is a way to number them: with other settings, other numbers of a source, or late
-- records that a correction counts, days are worked out again in a history of their own, and views read the one in `people_terms`.
-- The tables of days that a worker of chat evaluated from masks are read no more.

-- One row per membership and day on which its state, the reason for it, or whether it is fading, is another one than the day before.
CREATE TABLE ${database}.people_transitions${local} ${on_cluster} (
    history UInt32,
    group_id LowCardinality(String),
    member_id String,
    day Date COMMENT 'the day at whose end this holds',
    person_id String,
    previous LowCardinality(String) COMMENT 'state on the day before; empty: not known then',
    state LowCardinality(String) COMMENT 'empty: no longer known',
    reason LowCardinality(String),
    score Float64,
    rhythm Float64,
    fading UInt8,
    role LowCardinality(String),
    linked UInt8,
    in_product UInt8,
    reads_reported UInt8,
    groups_28d UInt32,
    evaluated_at DateTime64(3) DEFAULT now64(3)
) ENGINE = ${replicated}ReplacingMergeTree(evaluated_at)
PARTITION BY history
ORDER BY (group_id, member_id, day)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1, min_level_for_wide_part = 1;
-- distribute people_transitions by cityHash64(group_id)

-- How many members of each state a group had at the end of a closed day; `*` counts everybody once.
CREATE TABLE ${database}.people_group_days${local} ${on_cluster} (
    history UInt32,
    group_id LowCardinality(String),
    day Date,
    headcount Int64,
    excluded Int64,
    active Int64,
    participant Int64,
    lurker Int64,
    newcomer Int64,
    elsewhere Int64,
    unobservable Int64,
    at_risk Int64,
    zombie Int64,
    unseen Int64,
    left Int64,
    evaluated_at DateTime64(3) DEFAULT now64(3)
) ENGINE = ${replicated}ReplacingMergeTree(evaluated_at)
PARTITION BY history
ORDER BY (group_id, day)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1, min_level_for_wide_part = 1;
-- distribute people_group_days by cityHash64(group_id)

-- How many people of all groups, each once, were active in the days that end with a closed day.
CREATE TABLE ${database}.people_active_days${local} ${on_cluster} (
    history UInt32,
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
PARTITION BY history
ORDER BY day
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1, min_level_for_wide_part = 1;
-- distribute people_active_days by day

-- The zombie score of every closed day, fitted on what had come by then of those who were members before.
CREATE TABLE ${database}.people_scores${local} ${on_cluster} (
    history UInt32,
    day Date,
    horizon UInt16 COMMENT 'days: back within',
    mean Array(Float64) COMMENT 'of the features',
    scale Array(Float64) COMMENT 'of the features',
    weights Array(Float64) COMMENT 'intercept and slopes of the standardised features',
    silent Array(Float64) COMMENT 'the same for members who have been silent for the horizon',
    theta Float64 COMMENT 'silent members with a lower chance are zombies',
    longer Array(Float64) COMMENT 'share of all gaps between active days of at least so many days, 0 to 128',
    members UInt64,
    returned UInt64,
    auc Nullable(Float64),
    brier Nullable(Float64),
    evaluated_at DateTime64(3) DEFAULT now64(3)
) ENGINE = ${replicated}ReplacingMergeTree(evaluated_at)
PARTITION BY history
ORDER BY day
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1, min_level_for_wide_part = 1;
-- distribute people_scores by day

-- The cut of every closed day: up to which offset of each partition records count. Written last: a day with a cut is complete.
CREATE TABLE ${database}.people_cuts${local} ${on_cluster} (
    history UInt32,
    day Date,
    topic LowCardinality(String),
    partition UInt16,
    next_offset UInt64,
    evaluated_at DateTime64(3) DEFAULT now64(3)
) ENGINE = ${replicated}ReplacingMergeTree(evaluated_at)
PARTITION BY history
ORDER BY (day, topic, partition)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1, min_level_for_wide_part = 1;
-- distribute people_cuts by day

ALTER TABLE ${database}.people_terms${local} ${on_cluster} ADD COLUMN IF NOT EXISTS history UInt32 COMMENT 'of closed days, which is read';
ALTER TABLE ${database}.people_terms ${on_cluster} ADD COLUMN IF NOT EXISTS history UInt32;
