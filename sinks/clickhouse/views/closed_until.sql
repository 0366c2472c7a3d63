-- The day up to which the whole deployment is closed: every partition's newest group is past the days before it, not counting
-- groups whose own time is wrong; and the first day about which anything is known.
SELECT toDate(min(closed)) AS closed_until, toDate(fromUnixTimestamp64Milli(min(first_ms), '${zone}')) AS first_day
FROM (
    SELECT argMax(closed_day, max_ms) AS closed, min(first_ms) AS first_ms
    FROM ${database}.group_clocks
    WHERE NOT ahead
    GROUP BY topic, partition
)
