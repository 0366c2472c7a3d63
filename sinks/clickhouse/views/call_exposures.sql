-- Who was in the group when it was called, as a plain member: derived from what came before the call, as `members_at`
-- does for days. An earlier roster does not remove members who are active later.
WITH
    -- the start of the complete roster that was the newest after every row of one
    rosters AS (
        SELECT group_id, at_ms, max(start) AS roster_ms
        FROM (
            SELECT
                group_id, at_ms, min(at_ms) OVER so_far AS start,
                max(ended) OVER so_far AS whole
            FROM (
                SELECT toString(facts.group_id) AS group_id, snapshot_id, ts_ms AS at_ms, maxIf(complete, type = 'roster_end') AS ended
                FROM ${database}.facts AS facts
                WHERE type IN ('roster', 'roster_end')
                GROUP BY group_id, snapshot_id, at_ms
            )
            WINDOW so_far AS (PARTITION BY group_id, snapshot_id ORDER BY at_ms)
        )
        WHERE whole = 1
        GROUP BY group_id, at_ms
    ),
    -- one join per step: each is a query of its own
    known AS (
        SELECT
            calls.group_id AS group_id, calls.call_id AS call_id, calls.called_ms AS called_ms, calls.end_ms AS end_ms,
            members.member_id AS member_id, members.account_id AS account_id, greatest(members.last_ms, members.first_ms) AS seen_ms
        FROM (SELECT group_id, call_id, called_ms, end_ms FROM ${database}.calls) AS calls
        INNER JOIN (
            SELECT toString(rows.group_id) AS group_id, member_id, account_id, first_ms, last_ms FROM ${database}.memberships AS rows
        ) AS members ON members.group_id = calls.group_id
        WHERE members.first_ms < calls.called_ms
    ),
    inside AS (
        SELECT known.*, told.in_ms AS in_ms
        FROM known
        ASOF LEFT JOIN ${database}.member_facts AS told ON told.group_id = known.group_id AND told.member_id = known.member_id AND known.called_ms > told.at_ms
        WHERE told.role = 0 AND NOT (told.out_ms > 0 AND told.out_ms >= told.in_ms)
    ),
    found AS (
        SELECT
            inside.group_id AS group_id, inside.call_id AS call_id, inside.called_ms AS called_ms, inside.end_ms AS end_ms,
            inside.member_id AS member_id, inside.account_id AS account_id
        FROM inside
        ASOF LEFT JOIN rosters ON rosters.group_id = inside.group_id AND inside.called_ms > rosters.at_ms
        WHERE NOT (rosters.roster_ms > greatest(inside.in_ms, inside.seen_ms))
    )
SELECT
    found.group_id AS group_id, found.call_id AS call_id, found.called_ms AS called_ms, found.end_ms AS end_ms,
    found.member_id AS member_id, if(owners.person_id = '', found.account_id, owners.person_id) AS person_id
FROM found
LEFT JOIN ${database}.account_owners AS owners ON owners.account_id = found.account_id
