-- How many members did a group really have? One row per group and closed day, as written when the day was closed.
-- A row that was written twice is the same both times, and quicker left out in the table's order than by FINAL.
SELECT
    group_id, day, headcount, excluded, active, participant, lurker, newcomer, elsewhere, unobservable, silent_zombies, at_risk, zombie, unseen,
    left, active + participant + lurker AS effective, if(headcount > excluded, effective / (headcount - excluded), 0) AS share,
    zombie AS zombies_at_least, zombie + silent_zombies AS zombies_estimated,
    zombie + unobservable + unseen AS zombies_at_most
FROM ${database}.people_group_days
WHERE history = (SELECT history FROM ${database}.people_history) AND day <= (SELECT newest_day FROM ${database}.people_history) AND ${on_day}
ORDER BY group_id, day
LIMIT 1 BY group_id, day
