-- Who owns each account: the newest record about an account decides (time, unlinking after linking, event id), in whatever
-- order records came. A user may be an account of another user, as before login: the person is the end of the chain. A
-- chain of more than three links (a cycle has no end), and a person with more than ${accounts} accounts, are quarantined:
-- each account stays a person of its own.
WITH
    owned AS (
        SELECT account_id, if(unlink, '', named) AS user_id, given_by AS source, ts_ms AS since_ms
        FROM (
            SELECT account_id, user_id AS named, unlink, source AS given_by, ts_ms
            FROM ${database}.link_events
            WHERE account_id != '' AND excluded = 0
            ORDER BY account_id, ts_ms DESC, unlink DESC, event_id DESC, user_id DESC, source DESC
            LIMIT 1 BY account_id
        )
    ),
    chains AS (
        SELECT
            first.account_id AS account_id, first.user_id AS user_id, first.source AS source, first.since_ms AS since_ms,
            multiIf(fourth.user_id != '', '', third.user_id != '', third.user_id, second.user_id != '', second.user_id, first.user_id) AS last_user
        FROM owned AS first
        LEFT JOIN owned AS second ON second.account_id = first.user_id
        LEFT JOIN owned AS third ON third.account_id = second.user_id
        LEFT JOIN owned AS fourth ON fourth.account_id = third.user_id
        WHERE first.user_id != ''
    )
SELECT
    account_id, user_id, source, since_ms,
    last_user = '' OR count() OVER (PARTITION BY last_user) > ${accounts} AS quarantined,
    if(quarantined, account_id, last_user) AS person_id
FROM chains
