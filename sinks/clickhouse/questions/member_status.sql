-- Who is a zombie, and why? One row per membership, with the evidence for its state now.
SELECT
    toString(found.group_id) AS group_id, member_id, person_id,
    concat(splitByChar(':', group_id)[1], ':', splitByChar(':', group_id)[2], ':', member_id) AS account_id,
    state, reason, since, previous, if(returned_on > toDate(0), returned_on, NULL) AS returned_on, score, rhythm, fading, role, linked,
    if(joined_ms > 0, fromUnixTimestamp64Milli(joined_ms, '${zone}'), NULL) AS joined_at,
    if(spoke_ms > 0, fromUnixTimestamp64Milli(spoke_ms, '${zone}'), NULL) AS last_spoke_at,
    if(active_ms > 0, fromUnixTimestamp64Milli(active_ms, '${zone}'), NULL) AS last_active_at,
    if(acted_ms > 0, fromUnixTimestamp64Milli(acted_ms, '${zone}'), NULL) AS last_act_here_at,
    if(used_ms > 0, fromUnixTimestamp64Milli(used_ms, '${zone}'), NULL) AS last_used_at,
    toUInt64(groups_28d) AS groups_28d, reads_reported, in_product
FROM ${database}.people_members_now AS found
