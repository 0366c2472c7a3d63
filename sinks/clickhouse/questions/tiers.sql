-- Loud, occasional, silent: days spoken of the last 28. Base: members in the group, less operators, aliases and bots.
-- Messages of closed days come from member_days, those of open days from the live rows.
WITH
    (SELECT today FROM ${database}.clock) AS today,
    people AS (
        SELECT
            group_id, member_id,
            greatest(0, toInt64(today) - toInt64(base_day)) AS age,
            -- what a clock that is ahead has put after today is shifted out of the mask
            toUInt8(least(63, greatest(0, toInt64(base_day) - toInt64(today)))) AS days_ahead,
            was_active * greatest(0, 28 - age) AS bits,
            bitCount(bitAnd(bitShiftRight(spoke_lo, days_ahead), if(bits > 0, bitShiftRight(toUInt64(0xFFFFFFFFFFFFFFFF), toUInt8(64 - greatest(1, bits))), toUInt64(0)))) AS days_spoken,
            -- an open day is one of the four from closed_until on; its count is kept at its number modulo 4. None is
            -- after the last activity: a count there belongs to a day that its group has just closed
            arraySum(i -> if(toInt64(closed_until) + i > toInt64(today) - 28 AND toInt64(closed_until) + i <= toInt64(least(base_day, today)), open_messages[(toInt64(closed_until) + i) % 4 + 1], 0), range(4)) AS open
        FROM ${database}.memberships
        WHERE present AND role = 'member'
    ),
    closed AS (
        SELECT group_id, member_id, sum(messages) AS messages
        FROM ${database}.closed_member_days
        WHERE day > today - 28 AND day <= today
        GROUP BY group_id, member_id
    )
SELECT * EXCEPT counts
FROM (
SELECT
    group_id, (SELECT now FROM ${database}.clock) AS as_of, count() AS members,
    multiIf(members <= 50, '1-50', members <= 150, '51-150', members <= 200, '151-200', members <= 500, '201-500', '501+') AS size_band,
    countIf(days_spoken >= 20) AS daily, countIf(days_spoken >= 8) AS loud,
    countIf(days_spoken BETWEEN 1 AND 7) AS occasional, countIf(days_spoken = 0) AS silent,
    loud / members AS loud_share, occasional / members AS occasional_share, silent / members AS silent_share,
    sum(spoken) AS messages, sumIf(spoken, days_spoken >= 8) AS loud_messages,
    sumIf(spoken, days_spoken BETWEEN 1 AND 7) AS occasional_messages,
    if(messages > 0, loud_messages / messages, 0) AS loud_message_share,
    arraySort(groupArrayIf(spoken, spoken > 0)) AS counts,
    -- Hill number of order 1: exp of Shannon's entropy
    if(messages > 0, exp(log(messages) - arraySum(c -> c * log(c), counts) / messages), 0) AS effective_speakers,
    if(messages > 0, arraySum((c, i) -> (2 * i - length(counts) - 1) * c, counts, arrayEnumerate(counts)) / (length(counts) * messages), 0) AS gini,
    if(messages > 0, arrayFirstIndex(c -> c * 2 >= messages, arrayCumSum(arrayReverse(counts))), 0) AS half_of_messages_by
FROM (
    SELECT people.group_id AS group_id, people.days_spoken AS days_spoken,
        toInt64(people.open) + toInt64(ifNull(closed.messages, 0)) AS spoken
    FROM people
    LEFT JOIN closed USING (group_id, member_id)
)
GROUP BY group_id
)
