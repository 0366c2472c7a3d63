-- What groups counted on a closed day, and how much members wrote, as their partition knew when it closed that day. From these the people
-- agent works out the windows that end with a closed day; they were added up when they were asked for. `group_days` is read no more.
CREATE TABLE ${database}.group_day_counts${local} ${on_cluster} (
    topic LowCardinality(String),
    partition UInt16,
    day Date,
    group_id LowCardinality(String),
    version UInt64,
    messages UInt32,
    speakers UInt32,
    reactions UInt32,
    reactors UInt32,
    reads UInt32,
    readers UInt32,
    joins UInt32,
    leaves UInt32,
    replies UInt32,
    mentions UInt32,
    questions UInt32,
    links UInt32,
    edits UInt32,
    recalls UInt32,
    calls UInt32
) ENGINE = ${replicated}ReplacingMergeTree(version)
PARTITION BY bitShiftRight(version, 56)
ORDER BY (topic, partition, day, group_id)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1, min_level_for_wide_part = 1;
-- distribute group_day_counts by cityHash64(topic, partition)

ALTER TABLE ${database}.member_day_acts${local} ${on_cluster} ADD COLUMN IF NOT EXISTS messages UInt32 AFTER version;
ALTER TABLE ${database}.member_day_acts ${on_cluster} ADD COLUMN IF NOT EXISTS messages UInt32 AFTER version;

-- How alive groups were in the windows that end with a closed day: a number each for 1, 7 and 28 days; `*` counts everybody once. Groups
-- in whose 28 days nothing happened have no row.
CREATE TABLE ${database}.people_activity_days${local} ${on_cluster} (
    history UInt32,
    day Date,
    group_id LowCardinality(String),
    messages Array(UInt64),
    joins Array(UInt64),
    leaves Array(UInt64),
    replies Array(UInt64),
    questions Array(UInt64),
    mentions Array(UInt64),
    links Array(UInt64),
    speakers Array(UInt64),
    reactors Array(UInt64),
    readers Array(UInt64),
    dau UInt64,
    wau UInt64,
    mau UInt64,
    stickiness Float64,
    evaluated_at DateTime64(3) DEFAULT now64(3)
) ENGINE = ${replicated}ReplacingMergeTree(evaluated_at)
PARTITION BY history
ORDER BY (day, group_id)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1, min_level_for_wide_part = 1, index_granularity = 1024;
-- distribute people_activity_days by cityHash64(group_id)

-- Loud, occasional and silent members at the end of a closed day, by days spoken of the 28 that end with it; `*` counts everybody once.
CREATE TABLE ${database}.people_tier_days${local} ${on_cluster} (
    history UInt32,
    day Date,
    group_id LowCardinality(String),
    members UInt64,
    size_band LowCardinality(String),
    daily UInt64,
    loud UInt64,
    occasional UInt64,
    silent UInt64,
    loud_share Float64,
    occasional_share Float64,
    silent_share Float64,
    messages Int64,
    loud_messages Int64,
    occasional_messages Int64,
    loud_message_share Float64,
    effective_speakers Float64,
    gini Float64,
    half_of_messages_by UInt32,
    evaluated_at DateTime64(3) DEFAULT now64(3)
) ENGINE = ${replicated}ReplacingMergeTree(evaluated_at)
PARTITION BY history
ORDER BY (day, group_id)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1, min_level_for_wide_part = 1, index_granularity = 1024;
-- distribute people_tier_days by cityHash64(group_id)

-- Since when a member's state is what it is, and the newest return to an effective one (1970-01-01: none): the newest row up to a day
-- tells all that there is to know of that day.
ALTER TABLE ${database}.people_transitions${local} ${on_cluster} ADD COLUMN IF NOT EXISTS since Date AFTER previous;
ALTER TABLE ${database}.people_transitions ${on_cluster} ADD COLUMN IF NOT EXISTS since Date AFTER previous;
ALTER TABLE ${database}.people_transitions${local} ${on_cluster} ADD COLUMN IF NOT EXISTS returned_on Date AFTER since;
ALTER TABLE ${database}.people_transitions ${on_cluster} ADD COLUMN IF NOT EXISTS returned_on Date AFTER since;
