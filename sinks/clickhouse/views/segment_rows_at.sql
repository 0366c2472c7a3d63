-- Rows of which each person's newest tells of its segment at the end of a closed day: those of the month up to it.
SELECT * EXCEPT (history, evaluated_at), lifecycle != '' AS known, toUInt32(toDayOfMonth(day)) AS newness
FROM ${database}.people_segment_days
WHERE toStartOfMonth(day) = toStartOfMonth(${day}) AND day <= ${day}
    AND history = (SELECT history FROM ${database}.people_history WHERE ${day} BETWEEN first_day AND newest_day)
