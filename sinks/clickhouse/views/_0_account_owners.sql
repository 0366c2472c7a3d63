-- Whose account it is: the newest record about an account decides (time, unlinking after linking, event id), whatever the
-- order in which records came. A user may be an account of another one, as somebody is before login: the person is the end
-- of the chain. A chain of more than three links (a cycle has no end), and a person of more than ${accounts} accounts, are
-- quarantined: each account stays a person of its own.
WITH owned AS (
    SELECT
        account_id,
        argMax(if(unlink, '', named), (ts_ms, unlink, event_id, named)) AS user_id,
        argMax(given_by, (ts_ms, unlink, event_id, named, given_by)) AS source,
        max(ts_ms) AS since_ms,
        arraySort(groupUniqArray((ts_ms, unlink, event_id, named))) AS said,
        -- linked to somebody while it was still linked to another one
        arrayCount((one, next) -> NOT one.2 AND NOT next.2 AND one.4 != next.4, arrayPopBack(said), arrayPopFront(said)) AS conflicts
    FROM (SELECT DISTINCT account_id, ts_ms, unlink, event_id, user_id AS named, source AS given_by FROM ${database}.link_events WHERE account_id != '')
    GROUP BY account_id
),
chains AS (
    SELECT
        first.account_id AS account_id, first.user_id AS user_id, first.source AS source, first.since_ms AS since_ms,
        first.conflicts AS conflicts,
        multiIf(fourth.user_id != '', '', third.user_id != '', third.user_id, second.user_id != '', second.user_id, first.user_id) AS last_user
    FROM owned AS first
    LEFT JOIN owned AS second ON second.account_id = first.user_id
    LEFT JOIN owned AS third ON third.account_id = second.user_id
    LEFT JOIN owned AS fourth ON fourth.account_id = third.user_id
    WHERE first.user_id != ''
)
SELECT
    account_id, user_id, source, since_ms, conflicts,
    last_user = '' OR count() OVER (PARTITION BY last_user) > ${accounts} AS quarantined,
    if(quarantined, account_id, last_user) AS person_id
FROM chains
