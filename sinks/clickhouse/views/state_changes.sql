-- When did a member's state change? One row per change, on the closed day at whose end the new state held.
SELECT group_id, member_id, day, person_id, previous, state, reason, score
FROM ${database}.people_transitions FINAL
WHERE state != previous AND history = (SELECT history FROM ${database}.people_history)
    AND day <= (SELECT newest_day FROM ${database}.people_history)
ORDER BY group_id, member_id, day
