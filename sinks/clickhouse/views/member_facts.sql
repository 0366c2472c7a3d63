-- The facts known about a member after every moment that added one: newest join or roster row, newest leave, role
-- (0: member).
WITH ['member', 'operator', 'alias', 'bot'] AS roles
SELECT
    group_id, member_id, at_ms, max(came) OVER so_far AS in_ms, max(went) OVER so_far AS out_ms,
    max(named) OVER so_far % 4 AS role
FROM (
    SELECT
        toString(facts.group_id) AS group_id, member_id, ts_ms AS at_ms,
        maxIf(ts_ms, type IN ('join', 'roster')) AS came, maxIf(ts_ms, type = 'leave') AS went,
        -- the role with its time in one number
        maxIf(ts_ms * 4 + greatest(indexOf(roles, toString(role)), 1) - 1, type = 'roster' OR role != '') AS named
    FROM ${database}.facts AS facts
    WHERE type IN ('join', 'leave', 'roster', 'profile')
    GROUP BY group_id, member_id, at_ms
)
WINDOW so_far AS (PARTITION BY group_id, member_id ORDER BY at_ms)
