-- When a member's state changed: one row a change, written when the day is closed. A row whose state is the previous one says
-- that there is no change on that day after all.
CREATE TABLE ${database}.member_transitions${local} ${on_cluster} (
    group_id LowCardinality(String),
    member_id String,
    day Date COMMENT 'the day at whose end the new state holds',
    person_id String,
    previous LowCardinality(String) COMMENT 'empty: not known before',
    state LowCardinality(String),
    reason LowCardinality(String),
    score Float64,
    evaluated_at DateTime64(3) DEFAULT now64(3)
) ENGINE = ${replicated}ReplacingMergeTree(evaluated_at)
ORDER BY (group_id, member_id, day)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1, min_level_for_wide_part = 1;
-- distribute member_transitions by cityHash64(group_id)

-- How many members of each state a group had at the end of a closed day; the row of `*` comes last and says that the day is done.
CREATE TABLE ${database}.effective_member_days${local} ${on_cluster} (
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
ORDER BY (group_id, day)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1, min_level_for_wide_part = 1;
-- distribute effective_member_days by cityHash64(group_id)
