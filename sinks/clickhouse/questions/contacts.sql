-- Whom have we reached, who has referred others, and whom to contact next? One row per member, as the people agent landed it.
SELECT
    toString(found.group_id) AS group_id, member_id, person_id,
    concat(splitByChar(':', group_id)[1], ':', splitByChar(':', group_id)[2], ':', member_id) AS account_id,
    toString(found.state) AS state, score, found.contacts > 0 AS contacted, toUInt64(found.contacts) AS contacts,
    if(contacted, fromUnixTimestamp64Milli(last_ms, '${zone}'), NULL) AS last_contacted_at,
    nullIf(CAST(found.owner, 'String'), '') AS owner, nullIf(CAST(found.purpose, 'String'), '') AS purpose,
    nullIf(CAST(found.depth, 'String'), '') AS depth, nullIf(CAST(found.outcome, 'String'), '') AS outcome,
    if(found.after_join < 0, NULL, toUInt8(found.after_join)) AS after_join,
    if(found.returned_14d < 0, NULL, toUInt8(found.returned_14d)) AS returned_14d,
    found.referred > 0 OR found.invited > 0 AS has_referred, toUInt64(found.referred) AS referred,
    toUInt64(found.invited) AS invited, payer,
    nullIf(toUInt64(found.next), 0) AS next
FROM ${database}.people_contacts_now AS found
