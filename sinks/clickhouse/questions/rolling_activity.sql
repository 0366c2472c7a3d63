-- How alive is it right now? One row per group and window; windows are whole hours or days that end with the current one.
-- `*` adds all groups up and counts a person once. Advertising is not known yet and stays empty.
WITH
    (SELECT hour FROM ${database}.clock) AS now_hour,
    (SELECT today FROM ${database}.clock) AS today,
    seen AS (
        SELECT
            group_id, account_id, window,
            bitAnd(spoke, wanted) != 0 AS spoke_then, bitAnd(reacted, wanted) != 0 AS reacted_then,
            bitAnd(read, wanted) != 0 AS read_then, bitAnd(spoke_lo, wanted_1d) != 0 AS spoke_1d,
            bitAnd(spoke_lo, wanted_7d) != 0 AS spoke_7d, bitAnd(spoke_lo, wanted_28d) != 0 AS spoke_28d
        FROM (
            SELECT
                group_id, account_id, bitShiftRight(spoke_days, days_ahead) AS spoke_lo,
                arrayJoin([('1h', 1), ('24h', 24), ('7d', 0), ('28d', 0)]) AS windows,
                windows.1 AS window,
                -- what a clock that is ahead has put after now is shifted out of the masks
                toUInt8(least(63, greatest(0, toInt64(base_hour) - toInt64(now_hour)))) AS hours_ahead,
                toUInt8(least(63, greatest(0, toInt64(base_day) - toInt64(today)))) AS days_ahead,
                -- a window reaches this many bits back from the mask's own base; none when the base lies before it
                was_active * greatest(0, windows.2 - greatest(0, toInt64(now_hour) - toInt64(base_hour))) AS hours,
                greatest(0, toInt64(today) - toInt64(base_day)) AS age,
                if(was_active * greatest(0, 1 - age) > 0, bitShiftRight(toUInt64(0xFFFFFFFFFFFFFFFF), toUInt8(64 - greatest(1, was_active * greatest(0, 1 - age)))), toUInt64(0)) AS wanted_1d,
                if(was_active * greatest(0, 7 - age) > 0, bitShiftRight(toUInt64(0xFFFFFFFFFFFFFFFF), toUInt8(64 - greatest(1, was_active * greatest(0, 7 - age)))), toUInt64(0)) AS wanted_7d,
                if(was_active * greatest(0, 28 - age) > 0, bitShiftRight(toUInt64(0xFFFFFFFFFFFFFFFF), toUInt8(64 - greatest(1, was_active * greatest(0, 28 - age)))), toUInt64(0)) AS wanted_28d,
                if(windows.2 > 0, bitShiftRight(spoke_hours, hours_ahead), spoke_lo) AS spoke,
                if(windows.2 > 0, bitShiftRight(reacted_hours, hours_ahead), bitShiftRight(reacted_lo, days_ahead)) AS reacted,
                if(windows.2 > 0, bitShiftRight(read_hours, hours_ahead), bitShiftRight(read_lo, days_ahead)) AS read,
                multiIf(windows.2 > 0, if(hours > 0, bitShiftRight(toUInt64(0xFFFFFFFFFFFFFFFF), toUInt8(64 - greatest(1, hours))), toUInt64(0)), window = '7d', wanted_7d, wanted_28d) AS wanted
            FROM (SELECT * EXCEPT spoke_lo, spoke_lo AS spoke_days FROM ${database}.memberships)
        )
    ),
    people AS (
        SELECT
            toString(group_id) AS place, window, countIf(spoke_then) AS speakers, countIf(reacted_then) AS reactors,
            countIf(read_then) AS readers, countIf(spoke_1d) AS dau, countIf(spoke_7d) AS wau, countIf(spoke_28d) AS mau
        FROM seen
        GROUP BY group_id, window
        UNION ALL
        SELECT
            '*' AS place, window, uniqExactIf(person_id, spoke_then), uniqExactIf(person_id, reacted_then),
            uniqExactIf(person_id, read_then), uniqExactIf(person_id, spoke_1d), uniqExactIf(person_id, spoke_7d),
            uniqExactIf(person_id, spoke_28d)
        FROM (
            SELECT seen.* EXCEPT account_id, if(owners.person_id = '', seen.account_id, owners.person_id) AS person_id
            FROM seen
            LEFT JOIN ${database}.account_owners AS owners ON owners.account_id = seen.account_id
            WHERE spoke_then OR reacted_then OR read_then OR spoke_28d
        )
        GROUP BY window
    ),
    counts AS (
        SELECT
            place, window, sum(m) AS messages, sum(j) AS joins, sum(l) AS leaves, sum(r) AS replies, sum(q) AS questions,
            sum(n) AS mentions, sum(k) AS links
        FROM (
            SELECT
                arrayJoin([toString(group_id), '*']) AS place, daily, bucket, messages AS m, joins AS j, leaves AS l, replies AS r, questions AS q, mentions AS n,
                links AS k, arrayJoin([('1h', 0, 1), ('24h', 0, 24), ('7d', 1, 7), ('28d', 1, 28)]) AS windows,
                windows.1 AS window
            FROM ${database}.panes
            WHERE bucket > if(daily = 1, toInt64(today) - 28, toInt64(now_hour) - 24)
                AND bucket <= if(daily = 1, toInt64(today), toInt64(now_hour))
        )
        WHERE daily = windows.2 AND bucket > if(windows.2 = 1, toInt64(today), toInt64(now_hour)) - windows.3
        GROUP BY place, window
    ),
    -- people of the group who paid
    buying AS (
        SELECT place, window, uniqExact(person_id) AS buyers
        FROM (
            SELECT
                arrayJoin([toString(members.group_id), '*']) AS place, paid.person_id AS person_id,
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
        GROUP BY place, window
    )
SELECT
    groups.group_id AS group_id, groups.window AS window, (SELECT now FROM ${database}.clock) AS as_of,
    ifNull(counts.messages, 0) AS messages, people.speakers AS speakers, people.reactors AS reactors,
    people.readers AS readers, ifNull(buying.buyers, 0) AS buyers, ifNull(counts.joins, 0) AS joins,
    ifNull(counts.leaves, 0) AS leaves, ifNull(counts.replies, 0) AS replies, ifNull(counts.questions, 0) AS questions,
    ifNull(counts.mentions, 0) AS mentions, ifNull(counts.links, 0) AS links,
    CAST(NULL AS Nullable(UInt64)) AS advertising, people.dau AS dau, people.wau AS wau, people.mau AS mau,
    if(people.mau > 0, people.dau / people.mau, 0) AS stickiness
FROM (
    SELECT group_id, arrayJoin(['1h', '24h', '7d', '28d']) AS window
    FROM (SELECT DISTINCT arrayJoin([toString(group_id), '*']) AS group_id FROM ${database}.group_clocks)
) AS groups
LEFT JOIN people ON people.place = groups.group_id AND people.window = groups.window
LEFT JOIN counts ON counts.place = groups.group_id AND counts.window = groups.window
LEFT JOIN buying ON buying.place = groups.group_id AND buying.window = groups.window
