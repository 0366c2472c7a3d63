-- People's product acts that carry the id of a group, of one of its calls, or of a link posted there: the newest of each,
-- and whether there is one in the 28 days that end with a day.
WITH
    ways AS (
        SELECT DISTINCT 'call' AS kind, toString(call_id) AS reference, toString(group_id) AS group_id
        FROM ${database}.facts
        WHERE type = 'call'
        UNION DISTINCT
        SELECT 'link' AS kind, arrayJoin(link_ids) AS reference, toString(group_id) AS group_id
        FROM ${database}.facts
        WHERE type IN ('call', 'message')
    ),
    (words, age) -> if(age >= 0, if(age < 28, bitShiftLeft(words, toUInt8(age)), 0), bitShiftRight(words, toUInt8(least(-age, 63)))) AS rolled
SELECT
    if(owners.person_id = '', acts.user_id, owners.person_id) AS person_id,
    if(acts.kind = 'group', acts.reference, ways.group_id) AS group_id,
    max(acts.last_ms) AS last_ms,
    max(bitAnd(rolled(acts.acted_lo, toInt64(${day}) - toInt64(toDate(fromUnixTimestamp64Milli(acts.last_ms, '${product_zone}')))), 0xFFFFFFF) != 0) AS acted_28d
FROM (
    SELECT *
    FROM ${database}.user_reference_states
    WHERE kind != 'campaign' AND bitShiftRight(version, 56) = (SELECT epoch FROM ${database}.product_epoch)
    ORDER BY user_id, kind, reference, version DESC
    LIMIT 1 BY user_id, kind, reference
) AS acts
LEFT JOIN ways ON ways.kind = acts.kind AND ways.reference = acts.reference
LEFT JOIN ${database}.account_owners AS owners ON owners.account_id = acts.user_id
WHERE group_id != ''
GROUP BY person_id, group_id
