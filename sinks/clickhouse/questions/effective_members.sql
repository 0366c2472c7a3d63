-- How many members does a group really have now? Everyone who is known is in exactly one state; `*` counts people once.
SELECT
    toString(found.group_id) AS group_id, assumeNotNull((SELECT today FROM ${database}.people_clock)) AS day, headcount, excluded, active, participant,
    lurker, newcomer, elsewhere, unobservable, silent_zombies, at_risk, zombie, unseen, left, active + participant + lurker AS effective,
    if(headcount > excluded, effective / (headcount - excluded), 0) AS share,
    zombie AS zombies_at_least, zombie + silent_zombies AS zombies_estimated,
    zombie + unobservable + unseen AS zombies_at_most
FROM ${database}.people_groups_now AS found
