-- Loud, occasional, silent on every closed day, from the messages of the 28 days that end with it. Speakers are those of
-- any role; the share of the silent needs the headcount of that day and is in `tiers` only.
SELECT * EXCEPT counts
FROM (
SELECT
    group_id, day, count() AS speakers, countIf(days_spoken >= 20) AS daily, countIf(days_spoken >= 8) AS loud,
    countIf(days_spoken < 8) AS occasional, sum(spoken) AS messages, sumIf(spoken, days_spoken >= 8) AS loud_messages,
    arraySort(groupArray(spoken)) AS counts,
    exp(log(messages) - arraySum(c -> c * log(c), counts) / messages) AS effective_speakers,
    arraySum((c, i) -> (2 * i - length(counts) - 1) * c, counts, arrayEnumerate(counts)) / (length(counts) * messages) AS gini,
    arrayFirstIndex(c -> c * 2 >= messages, arrayCumSum(arrayReverse(counts))) AS half_of_messages_by
FROM (
    SELECT group_id, member_id, toDate(spoke_on + arrayJoin(range(28))) AS day, count() AS days_spoken, toInt64(sum(messages)) AS spoken
    FROM (SELECT group_id, member_id, day AS spoke_on, messages FROM ${database}.closed_member_days WHERE ${days})
    GROUP BY group_id, member_id, day
    HAVING ${on_day}
) AS speaking
INNER JOIN (SELECT group_id, day FROM ${database}.closed_days WHERE ${on_day}) AS closed USING (group_id, day)
GROUP BY group_id, day
)
