-- What did one person do, in all groups and in the product? Asked of a person, or of any account of one; rows that nobody did
-- (rosters, the group's own) are left out. Records that were landed twice have the same offset.
-- GLOBAL: on a cluster the accounts are looked up once, not by every shard.
WITH
    assumeNotNull((
        SELECT if(count() > 0, any(person_id), {person:String}) FROM ${database}.account_owners WHERE account_id = {person:String}
    )) AS who,
    accounts AS (SELECT account_id FROM ${database}.account_owners WHERE person_id = who UNION DISTINCT SELECT who AS account_id)
SELECT
    who AS person_id, fromUnixTimestamp64Milli(ts_ms, '${zone}') AS ts, side, group_id, what, detail, account_id, event_id
FROM (
    SELECT
        duplicate, excluded, ts_ms, event_id, 'chat' AS side, toString(group_id) AS group_id, toString(type) AS what,
        splitByChar(':', toString(group_id)) AS place, concat(place[1], ':', place[2], ':', member_id) AS account_id,
        multiIf(
            what = 'message', toString(kind), what = 'reaction', if(removed, 'removed', toString(emoji)), what = 'read', toString(count),
            what = 'join', toString(source), what = 'leave', toString(reason), what = 'profile', toString(role), ''
        ) AS detail
    FROM ${database}.events
    WHERE type IN ('message', 'edit', 'recall', 'reaction', 'read', 'join', 'leave', 'profile') AND account_id GLOBAL IN accounts
    ORDER BY version DESC
    LIMIT 1 BY topic, partition, offset
    UNION ALL
    SELECT
        duplicate, excluded, ts_ms, event_id, 'product' AS side, toString(group_id) AS group_id, toString(type) AS what, [] AS place,
        user_id AS account_id,
        multiIf(
            what IN ('signup', 'trial'), referrer_user_id, what IN ('open', 'view'), content_id, what = 'click', link_id,
            what = 'share', toString(target), what IN ('purchase', 'refund'), concat(order_id, ' ', toString(amount_minor), ' ', toString(currency)),
            what = 'contact', concat(toString(purpose), ' ', toString(outcome)), what = 'custom', toString(name), ''
        ) AS detail
    FROM ${database}.product_events
    WHERE type != 'tick' AND user_id GLOBAL IN accounts
    ORDER BY version DESC
    LIMIT 1 BY topic, partition, offset
)
WHERE NOT duplicate AND NOT excluded
