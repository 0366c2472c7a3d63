-- Who referred whom: the person whose user was named, in a sign-up or a trial, and the person who named it. People do
-- not refer themselves.
SELECT referrer_id AS person_id, referred_id, min(ts_ms) AS since_ms
FROM (
    SELECT
        if(referrers.person_id = '', named.referrer_user_id, referrers.person_id) AS referrer_id,
        if(owners.person_id = '', named.user_id, owners.person_id) AS referred_id,
        named.ts_ms AS ts_ms
    FROM (
        SELECT user_id, referrer_user_id, ts_ms
        FROM ${database}.product_facts
        WHERE type IN ('signup', 'trial') AND referrer_user_id != ''
    ) AS named
    LEFT JOIN ${database}.account_owners AS referrers ON referrers.account_id = named.referrer_user_id
    LEFT JOIN ${database}.account_owners AS owners ON owners.account_id = named.user_id
)
WHERE referrer_id != referred_id
GROUP BY referrer_id, referred_id
