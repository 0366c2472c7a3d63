-- Every user as the product worker last wrote it, and the person that it is. Masks: bit 0 is the day of last_ms.
SELECT
    states.user_id AS user_id,
    if(owners.person_id = '', states.user_id, owners.person_id) AS person_id,
    states.last_ms > 0 AS was_active,
    states.first_ms AS first_ms,
    states.last_ms AS last_ms,
    toDate(fromUnixTimestamp64Milli(states.last_ms, '${product_zone}')) AS base_day,
    states.used_lo AS used_lo, states.used_hi AS used_hi, states.bought_lo AS bought_lo, states.bought_hi AS bought_hi,
    if(states.signup_ms < 4611686018427387904, fromUnixTimestamp64Milli(states.signup_ms, '${product_zone}'), NULL) AS signed_up_at,
    if(states.trial_ms < 4611686018427387904, fromUnixTimestamp64Milli(states.trial_ms, '${product_zone}'), NULL) AS tried_at,
    if(states.purchase_ms < 4611686018427387904, fromUnixTimestamp64Milli(states.purchase_ms, '${product_zone}'), NULL) AS first_bought_at,
    if(states.contacted_ms > 0, fromUnixTimestamp64Milli(states.contacted_ms, '${product_zone}'), NULL) AS contacted_at
FROM (
    SELECT *
    FROM ${database}.user_states
    WHERE bitShiftRight(version, 56) = (SELECT epoch FROM ${database}.product_epoch)
    ORDER BY user_id, version DESC
    LIMIT 1 BY user_id
) AS states
LEFT JOIN ${database}.people_accounts_now AS owners ON owners.account_id = states.user_id
