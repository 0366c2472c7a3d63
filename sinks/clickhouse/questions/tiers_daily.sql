-- Loud, occasional, silent at the end of every closed day, as written when the day was closed.
SELECT toString(group_id) AS group_id, rows.* EXCEPT (group_id, history, evaluated_at)
FROM ${database}.people_tier_days AS rows FINAL
WHERE history = (SELECT history FROM ${database}.people_history) AND day <= (SELECT newest_day FROM ${database}.people_history)
    AND ${on_day}
