-- How many would come if the group were called now? By its last five calls whose window is over; one row per group that has one.
-- `*` counts people of these groups once, at their best.
SELECT group_id, calls, members, answered_any, expected_answerers
FROM ${database}.people_call_groups_now
