-- How many members does a group really have, at the end of a day? Everyone who is known is in exactly one state; `*` counts
-- people once.
WITH
    assumeNotNull((SELECT end_ms FROM ${database}.day_end${at})) AS end_ms,
    ['active', 'participant', 'lurker', 'newcomer', 'elsewhere', 'unobservable', 'at_risk', 'zombie', 'excluded', 'left'] AS names,
    counted AS (
        SELECT tupleElement(one, 1) AS group_id, tupleElement(one, 2) AS place
        FROM (
            -- in `*` the best of a person's states; excluded, or gone, only where that is so everywhere
            SELECT arrayJoin(arrayPushBack(groupArray((toString(group_id), place)), ('*', min(place)))) AS one
            FROM (SELECT group_id, person_id, indexOf(names, state) AS place FROM ${states})
            GROUP BY person_id
        )
        UNION ALL
        -- groups of whom nobody is known
        SELECT arrayJoin([toString(group_id), '*']), 0
        FROM ${database}.group_clocks
        WHERE first_ms < end_ms
    ),
    sizes AS (
        SELECT toString(group_id) AS group_id, argMax(member_count, (ts_ms, member_count)) AS members
        FROM ${database}.facts
        WHERE type = 'group' AND member_count IS NOT NULL AND ts_ms < end_ms
        GROUP BY group_id
    )
SELECT
    group_id, ${day} AS day, known + unseen AS headcount, excluded, active, participant, lurker, newcomer, elsewhere, unobservable,
    at_risk, zombie, unseen, left, active + participant + lurker AS effective,
    if(headcount > excluded, effective / (headcount - excluded), 0) AS share,
    zombie AS zombies_at_least, zombie + unobservable + unseen AS zombies_at_most
FROM (
    SELECT
        counted.group_id AS group_id, any(ifNull(sizes.members, 0)) AS platform_count,
        toInt64(countIf(place BETWEEN 1 AND 9)) AS known, greatest(toInt64(platform_count) - known, 0) AS unseen,
        toInt64(countIf(place = 1)) AS active, toInt64(countIf(place = 2)) AS participant, toInt64(countIf(place = 3)) AS lurker,
        toInt64(countIf(place = 4)) AS newcomer, toInt64(countIf(place = 5)) AS elsewhere, toInt64(countIf(place = 6)) AS unobservable,
        toInt64(countIf(place = 7)) AS at_risk, toInt64(countIf(place = 8)) AS zombie, toInt64(countIf(place = 9)) AS excluded,
        toInt64(countIf(place = 10)) AS left
    FROM counted
    LEFT JOIN sizes ON sizes.group_id = counted.group_id
    GROUP BY group_id
)
ORDER BY group_id
