-- Every closed day: one row per group, day and window that ends with the day; `*` adds all groups up and counts a
-- person once. A day without any sign of life in the
-- 128 days before it has no row; what it counted (joins, say) is in the windows of later days all the same.
SELECT
    days.group_id AS group_id, days.day AS day, windows.1 AS window, days.messages[windows.2] AS messages,
    windows.3 AS speakers, windows.4 AS reactors, windows.5 AS readers, CAST(NULL AS Nullable(UInt64)) AS buyers,
    days.joins[windows.2] AS joins, days.leaves[windows.2] AS leaves, days.replies[windows.2] AS replies,
    days.questions[windows.2] AS questions, days.mentions[windows.2] AS mentions, days.links[windows.2] AS links,
    CAST(NULL AS Nullable(UInt64)) AS advertising, speakers_1d AS dau, speakers_7d AS wau, speakers_28d AS mau,
    if(mau > 0, dau / mau, 0) AS stickiness
FROM (
    SELECT
        group_id, day, is_closed, speakers_1d, speakers_7d, speakers_28d,
        [sum(m) OVER d1, sum(m) OVER d7, sum(m) OVER d28] AS messages, [sum(j) OVER d1, sum(j) OVER d7, sum(j) OVER d28] AS joins,
        [sum(l) OVER d1, sum(l) OVER d7, sum(l) OVER d28] AS leaves, [sum(r) OVER d1, sum(r) OVER d7, sum(r) OVER d28] AS replies,
        [sum(q) OVER d1, sum(q) OVER d7, sum(q) OVER d28] AS questions,
        [sum(n) OVER d1, sum(n) OVER d7, sum(n) OVER d28] AS mentions, [sum(k) OVER d1, sum(k) OVER d7, sum(k) OVER d28] AS links,
        arrayJoin([
            ('24h', 1, speakers_1d, reactors_1d, readers_1d), ('7d', 2, speakers_7d, reactors_7d, readers_7d),
            ('28d', 3, speakers_28d, reactors_28d, readers_28d)
        ]) AS windows
    FROM (
        SELECT
            toString(group_id) AS group_id, day, 1 AS is_closed, speakers_1d, speakers_7d, speakers_28d, reactors_1d, reactors_7d,
            reactors_28d, readers_1d, readers_7d, readers_28d
        FROM ${database}.closed_days
        WHERE ${days}
        UNION ALL
        SELECT
            '*', day, 1, speakers_1d, speakers_7d, speakers_28d, reactors_1d, reactors_7d, reactors_28d, readers_1d, readers_7d,
            readers_28d
        FROM ${database}.people_active_days FINAL
        WHERE history = (SELECT history FROM ${database}.people_history)
            AND day <= (SELECT newest_day FROM ${database}.people_history) AND ${days}
    ) AS closed
    FULL JOIN (
        SELECT
            arrayJoin([toString(group_id), '*']) AS group_id, toDate(toUInt16(bucket)) AS day, sum(messages) AS m, sum(joins) AS j,
            sum(leaves) AS l, sum(replies) AS r, sum(questions) AS q, sum(mentions) AS n, sum(links) AS k
        FROM ${database}.panes${at}
        WHERE daily = 1
        GROUP BY group_id, day
    ) AS panes USING (group_id, day)
    WINDOW
        d1 AS (PARTITION BY group_id ORDER BY toInt32(day) RANGE BETWEEN 0 PRECEDING AND CURRENT ROW),
        d7 AS (PARTITION BY group_id ORDER BY toInt32(day) RANGE BETWEEN 6 PRECEDING AND CURRENT ROW),
        d28 AS (PARTITION BY group_id ORDER BY toInt32(day) RANGE BETWEEN 27 PRECEDING AND CURRENT ROW)
) AS days
WHERE is_closed AND ${on_day}
