-- What led to each conversion? One row per conversion, as the people agent landed it.
SELECT
    found.day AS day, toString(found.goal) AS goal, conversion_id, person_id, user_id, fromUnixTimestamp64Milli(ts_ms, '${zone}') AS converted_at, net_minor,
    toString(found.currency) AS currency, length(at_ms) AS touches, older,
    arrayMap(one -> toString(one), found.kinds) AS kinds,
    arrayMap(one -> fromUnixTimestamp64Milli(one, '${zone}'), at_ms) AS touched_at,
    arrayMap(one -> toString(one), found.campaign_ids) AS campaign_ids, arrayMap(one -> toString(one), found.channels) AS channels,
    arrayMap(one -> toString(one), found.group_ids) AS group_ids, link_ids, sharer_ids, inviter_ids, call_ids,
    arrayMap(one -> one / 1000000, found.credits) AS credits, credits_minor
FROM ${database}.people_conversions_now AS found
