-- `members` of a past day: later joins, leaves, roles and rosters do not count. An earlier roster does
-- not remove members who are active later.
WITH
    assumeNotNull((SELECT end_ms FROM ${database}.day_end${at})) AS end_ms,
    ['member', 'operator', 'alias', 'bot'] AS roles,
    -- members with later facts: for all others the membership itself says what was known then
    told AS (
        SELECT
            group_id, member_id, 1 AS changed, maxIf(ts_ms, type IN ('join', 'roster') AND ts_ms < end_ms) AS in_ms,
            maxIf(ts_ms, type = 'leave' AND ts_ms < end_ms) AS out_ms,
            argMaxIf(
                greatest(indexOf(roles, role), 1), (ts_ms, indexOf(roles, role)), (type = 'roster' OR role != '') AND ts_ms < end_ms
            ) AS role
        FROM ${database}.facts
        WHERE type IN ('join', 'leave', 'roster', 'profile') AND (group_id, member_id) IN (
            SELECT group_id, member_id
            FROM ${database}.facts
            WHERE type IN ('join', 'leave', 'roster', 'profile') AND ts_ms >= end_ms
        )
        GROUP BY group_id, member_id
    ),
    rosters AS (
        SELECT group_id, argMax(start, (newest, start)) AS roster_ms
        FROM (
            SELECT group_id, snapshot_id, min(ts_ms) AS start, max(ts_ms) AS newest, maxIf(complete, type = 'roster_end') AS whole
            FROM ${database}.facts
            WHERE type IN ('roster', 'roster_end') AND ts_ms < end_ms
            GROUP BY group_id, snapshot_id
        )
        WHERE whole = 1
        GROUP BY group_id
    )
SELECT
    members.group_id AS group_id, members.member_id AS member_id,
    members.* EXCEPT (group_id, member_id, role, present, in_ms, out_ms),
    if(told.changed, told.in_ms, members.in_ms) AS in_ms, if(told.changed, told.out_ms, members.out_ms) AS out_ms,
    NOT (out_ms > 0 AND out_ms >= in_ms) AND NOT (rosters.roster_ms > greatest(in_ms, members.last_ms, members.first_ms)) AS present,
    if(told.changed, roles[greatest(told.role, 1)], toString(members.role)) AS role
FROM ${database}.memberships AS members
LEFT JOIN told ON told.group_id = members.group_id AND told.member_id = members.member_id
LEFT JOIN rosters ON rosters.group_id = members.group_id
WHERE members.first_ms < end_ms
