-- On which days people were active: one row per membership, and one per user of the product. Days are numbers since 1970-01-01. The
-- masks forget days before `reach`; there were none before `first_day`.
SELECT
    person_id, group_id, member_id, role, first_day, least(first_day, joined_day) AS seen_day,
    if(was_active, day, 0) AS last_day, messages > 0 AS has_spoken,
    if(was_active, day - 127, first_day) AS reach,
    if(was_active, arrayMap(bit -> day - bit, arrayConcat(bitPositionsToArray(spoke_lo), arrayMap(bit -> bit + 64, bitPositionsToArray(spoke_hi)))), []) AS spoke_days,
    if(was_active, arrayMap(bit -> day - bit, arrayConcat(bitPositionsToArray(low), arrayMap(bit -> bit + 64, bitPositionsToArray(high)))), []) AS active_days
FROM (
    SELECT
        if(owners.person_id = '', account_id, owners.person_id) AS person_id,
        members.group_id AS group_id, members.member_id AS member_id, role, messages, was_active, spoke_lo, spoke_hi,
        bitOr(bitOr(spoke_lo, reacted_lo), read_lo) AS low, bitOr(bitOr(spoke_hi, reacted_hi), read_hi) AS high,
        toInt64(base_day) AS day, toInt64(members.first_day) AS first_day,
        if(join_known, toInt64(toDate(joined_at)), first_day) AS joined_day
    FROM (SELECT * EXCEPT group_id, toString(group_id) AS group_id FROM ${database}.memberships) AS members
    LEFT JOIN ${database}.account_owners AS owners ON owners.account_id = members.account_id
)
UNION ALL
SELECT
    person_id, '' AS group_id, user_id AS member_id, 'user' AS role, toInt64(toDate(fromUnixTimestamp64Milli(first_ms, '${zone}'))) AS first_day,
    first_day AS seen_day, toInt64(base_day) AS last_day, 0 AS has_spoken, toInt64(base_day) - 127 AS reach, [] AS spoke_days,
    arrayMap(bit -> toInt64(base_day) - bit, arrayConcat(bitPositionsToArray(used_lo), arrayMap(bit -> bit + 64, bitPositionsToArray(used_hi)))) AS active_days
FROM ${database}.users
WHERE was_active
