-- When did a member's state change? One row per change, on the closed day at whose end the new state held.
SELECT group_id, member_id, day, person_id, previous, state, reason, score
FROM ${database}.member_transitions FINAL
WHERE state != previous
ORDER BY group_id, member_id, day
