-- How alive is it right now? One row per group and window; windows are whole hours or days that end with the current one.
-- `*` adds all groups up and counts a person once. Advertising is not known yet and stays empty.
SELECT
    group_id, window,
    (SELECT now FROM ${database}.people_clock) AS as_of,
    messages[place] AS messages, speakers[place] AS speakers, reactors[place] AS reactors, readers[place] AS readers,
    buyers[place] AS buyers, joins[place] AS joins, leaves[place] AS leaves, replies[place] AS replies,
    questions[place] AS questions, mentions[place] AS mentions, links[place] AS links,
    CAST(NULL AS Nullable(UInt64)) AS advertising, dau, wau, mau, stickiness
FROM (
    SELECT rows.* EXCEPT group_id, toString(rows.group_id) AS group_id, windows.1 AS window, windows.2 AS place
    FROM ${database}.people_activity_now AS rows
    ARRAY JOIN [('1h', 1), ('24h', 2), ('7d', 3), ('28d', 4)] AS windows
)
