-- Every closed day: one row per group and window that ends with the day, as written when the day was closed; `*` adds all groups up and
-- counts a person once. A group in whose 28 days nothing happened has no row.
SELECT
    group_id, day, window, messages[place] AS messages, speakers[place] AS speakers, reactors[place] AS reactors, readers[place] AS readers,
    CAST(NULL AS Nullable(UInt64)) AS buyers, joins[place] AS joins, leaves[place] AS leaves, replies[place] AS replies,
    questions[place] AS questions, mentions[place] AS mentions, links[place] AS links,
    CAST(NULL AS Nullable(UInt64)) AS advertising, dau, wau, mau, stickiness
FROM (
    SELECT rows.* EXCEPT group_id, toString(rows.group_id) AS group_id, windows.1 AS window, windows.2 AS place
    FROM ${database}.people_activity_days AS rows FINAL
    ARRAY JOIN [('24h', 1), ('7d', 2), ('28d', 3)] AS windows
    WHERE history = (SELECT history FROM ${database}.people_history) AND day <= (SELECT newest_day FROM ${database}.people_history)
        AND ${on_day}
)
