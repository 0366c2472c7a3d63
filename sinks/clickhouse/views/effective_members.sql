-- How many members does a group really have? Everyone who is known is in exactly one state; `*` counts people once.
WITH states AS (
    SELECT group_id, toString(state) AS state FROM ${database}.member_states
    UNION ALL
    -- the best of a person's states; excluded, or gone, only where that is so everywhere
    SELECT
        '*' AS group_id,
        ['active', 'participant', 'lurker', 'newcomer', 'elsewhere', 'unobservable', 'at_risk', 'zombie', 'excluded', 'left'][
            min(indexOf(['active', 'participant', 'lurker', 'newcomer', 'elsewhere', 'unobservable', 'at_risk', 'zombie', 'excluded', 'left'], state))
        ] AS state
    FROM ${database}.member_states
    GROUP BY person_id
)
SELECT
    states.group_id AS group_id, (SELECT now FROM ${database}.clock) AS as_of,
    countIf(state != 'left') + unseen AS headcount,
    countIf(state = 'excluded') AS excluded, countIf(state = 'active') AS active, countIf(state = 'participant') AS participant,
    countIf(state = 'lurker') AS lurker, countIf(state = 'newcomer') AS newcomer, countIf(state = 'elsewhere') AS elsewhere,
    countIf(state = 'unobservable') AS unobservable, countIf(state = 'at_risk') AS at_risk, countIf(state = 'zombie') AS zombie,
    toInt64(any(groups.unseen)) AS unseen,
    countIf(state = 'left') AS left,
    active + participant + lurker AS effective,
    if(headcount > excluded, effective / (headcount - excluded), 0) AS share,
    zombie AS zombies_at_least, zombie + unobservable + unseen AS zombies_at_most
FROM states
LEFT JOIN ${database}.groups AS groups ON groups.group_id = states.group_id
GROUP BY group_id
ORDER BY group_id
