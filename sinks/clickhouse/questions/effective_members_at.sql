-- How many members does a group really have, at the end of a day? Everyone who is known is in exactly one state; `*` counts
-- people once.
WITH
    assumeNotNull((SELECT end_ms FROM ${database}.day_end${at})) AS end_ms,
    ['active', 'participant', 'lurker', 'newcomer', 'elsewhere', 'unobservable', 'at_risk', 'zombie', 'excluded', 'left'] AS names,
    counted AS (
        -- in `*` the best of a person's states; excluded, or gone, only where that is so everywhere
        SELECT
            if(grouping(group_id) = 0, toString(group_id), '*') AS counted_in, min(place) AS best,
            if(grouping(group_id) = 0, count(), 1) AS members
        FROM (SELECT group_id, person_id, indexOf(names, state) AS place FROM ${database}.member_states${at})
        GROUP BY GROUPING SETS ((group_id, place), (person_id))
        UNION ALL
        -- groups without any known member
        SELECT arrayJoin([toString(group_id), '*']), 0, 0
        FROM ${database}.group_clocks
        WHERE first_ms < end_ms
    ),
    sizes AS (
        SELECT toString(group_id) AS group_id, argMax(member_count, (ts_ms, member_count)) AS platform_count
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
        counted_in AS group_id, any(ifNull(sizes.platform_count, 0)) AS platform_count,
        toInt64(sumIf(members, best BETWEEN 1 AND 9)) AS known, greatest(toInt64(platform_count) - known, 0) AS unseen,
        toInt64(sumIf(members, best = 1)) AS active, toInt64(sumIf(members, best = 2)) AS participant, toInt64(sumIf(members, best = 3)) AS lurker,
        toInt64(sumIf(members, best = 4)) AS newcomer, toInt64(sumIf(members, best = 5)) AS elsewhere, toInt64(sumIf(members, best = 6)) AS unobservable,
        toInt64(sumIf(members, best = 7)) AS at_risk, toInt64(sumIf(members, best = 8)) AS zombie, toInt64(sumIf(members, best = 9)) AS excluded,
        toInt64(sumIf(members, best = 10)) AS left
    FROM counted
    LEFT JOIN sizes ON sizes.group_id = counted.counted_in
    GROUP BY group_id
)
