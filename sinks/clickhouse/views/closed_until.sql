-- The day up to which the whole deployment is closed: every partition's newest group has left the days before it behind, groups
-- whose own time is wrong apart; and the first day of which anything is known.
SELECT toDate(min(closed)) AS closed_until, toDate(fromUnixTimestamp64Milli(min(first_ms), '${zone}')) AS first_day
FROM (
    SELECT argMax(closed_day, max_ms) AS closed, min(first_ms) AS first_ms
    FROM ${database}.group_clocks
    WHERE NOT ahead
    GROUP BY topic, partition
)
