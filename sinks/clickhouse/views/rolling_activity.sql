-- How alive is it right now? One row a group and window; windows are whole hours or days that end with the current one.
-- Advertising is not known yet and stays empty.
WITH
    (SELECT hour FROM ${database}.clock) AS now_hour,
    (SELECT today FROM ${database}.clock) AS today,
    people AS (
        SELECT
            group_id, window,
            countIf(bitAnd(spoke, wanted) != 0) AS speakers,
            countIf(bitAnd(reacted, wanted) != 0) AS reactors,
            countIf(bitAnd(read, wanted) != 0) AS readers,
            countIf(bitAnd(spoke_lo, wanted_1d) != 0) AS dau,
            countIf(bitAnd(spoke_lo, wanted_7d) != 0) AS wau,
            countIf(bitAnd(spoke_lo, wanted_28d) != 0) AS mau
        FROM (
            SELECT
                group_id, spoke_lo,
                arrayJoin([('1h', 1), ('24h', 24), ('7d', 0), ('28d', 0)]) AS windows,
                windows.1 AS window,
                -- a window reaches so many bits back from the mask's own base; none when the base lies before it
                was_active * greatest(0, least(64, windows.2 - toInt64(now_hour) + toInt64(base_hour))) AS hours,
                toInt64(today) - toInt64(base_day) AS age,
                if(was_active * greatest(0, 1 - age) > 0, bitShiftRight(toUInt64(0xFFFFFFFFFFFFFFFF), toUInt8(64 - greatest(1, was_active * greatest(0, 1 - age)))), toUInt64(0)) AS wanted_1d,
                if(was_active * greatest(0, 7 - age) > 0, bitShiftRight(toUInt64(0xFFFFFFFFFFFFFFFF), toUInt8(64 - greatest(1, was_active * greatest(0, 7 - age)))), toUInt64(0)) AS wanted_7d,
                if(was_active * greatest(0, 28 - age) > 0, bitShiftRight(toUInt64(0xFFFFFFFFFFFFFFFF), toUInt8(64 - greatest(1, was_active * greatest(0, 28 - age)))), toUInt64(0)) AS wanted_28d,
                if(windows.2 > 0, spoke_hours, spoke_lo) AS spoke,
                if(windows.2 > 0, reacted_hours, reacted_lo) AS reacted,
                if(windows.2 > 0, read_hours, read_lo) AS read,
                multiIf(windows.2 > 0, if(hours > 0, bitShiftRight(toUInt64(0xFFFFFFFFFFFFFFFF), toUInt8(64 - greatest(1, hours))), toUInt64(0)), window = '7d', wanted_7d, wanted_28d) AS wanted
            FROM ${database}.memberships
        )
        GROUP BY group_id, window
    ),
    counts AS (
        SELECT
            group_id, window, sum(m) AS messages, sum(j) AS joins, sum(l) AS leaves, sum(r) AS replies, sum(q) AS questions,
            sum(n) AS mentions, sum(k) AS links
        FROM (
            SELECT
                group_id, daily, bucket, messages AS m, joins AS j, leaves AS l, replies AS r, questions AS q, mentions AS n,
                links AS k, arrayJoin([('1h', 0, 1), ('24h', 0, 24), ('7d', 1, 7), ('28d', 1, 28)]) AS windows,
                windows.1 AS window
            FROM ${database}.panes
            WHERE bucket > if(daily = 1, toInt64(today) - 28, toInt64(now_hour) - 24)
        )
        WHERE daily = windows.2 AND bucket > if(windows.2 = 1, toInt64(today), toInt64(now_hour)) - windows.3
        GROUP BY group_id, window
    ),
    -- people of the group who paid
    buying AS (
        SELECT group_id, window, uniqExact(person_id) AS buyers
        FROM (
            SELECT
                members.group_id AS group_id, paid.person_id AS person_id,
                arrayJoin([('1h', 0, 1), ('24h', 0, 24), ('7d', 1, 7), ('28d', 1, 28)]) AS windows, windows.1 AS window,
                if(windows.2 = 1, toInt64(toDate(fromUnixTimestamp64Milli(paid.ts_ms, '${zone}'))), intDiv(paid.ts_ms, 3600000)) AS bucket,
                if(windows.2 = 1, toInt64(today), toInt64(now_hour)) AS last
            FROM (
                SELECT rows.group_id AS group_id, if(owners.person_id = '', rows.account_id, owners.person_id) AS person_id
                FROM ${database}.memberships AS rows
                LEFT JOIN ${database}.account_owners AS owners ON owners.account_id = rows.account_id
                WHERE rows.present
            ) AS members
            INNER JOIN ${database}.orders AS paid ON paid.person_id = members.person_id
            WHERE bucket > last - windows.3 AND bucket <= last
        )
        GROUP BY group_id, window
    )
SELECT
    groups.group_id AS group_id, window, (SELECT now FROM ${database}.clock) AS as_of,
    ifNull(counts.messages, 0) AS messages, people.speakers AS speakers, people.reactors AS reactors,
    people.readers AS readers, ifNull(buying.buyers, 0) AS buyers, ifNull(counts.joins, 0) AS joins,
    ifNull(counts.leaves, 0) AS leaves, ifNull(counts.replies, 0) AS replies, ifNull(counts.questions, 0) AS questions,
    ifNull(counts.mentions, 0) AS mentions, ifNull(counts.links, 0) AS links,
    CAST(NULL AS Nullable(UInt64)) AS advertising, people.dau AS dau, people.wau AS wau, people.mau AS mau,
    if(people.mau > 0, people.dau / people.mau, 0) AS stickiness
FROM (SELECT group_id, arrayJoin(['1h', '24h', '7d', '28d']) AS window FROM ${database}.group_clocks) AS groups
LEFT JOIN people USING (group_id, window)
LEFT JOIN counts USING (group_id, window)
LEFT JOIN buying USING (group_id, window)
ORDER BY group_id, indexOf(['1h', '24h', '7d', '28d'], window)
