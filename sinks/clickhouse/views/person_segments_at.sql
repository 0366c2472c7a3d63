-- Which segment everybody was in at the end of a closed day, as the newest row of that month up to it has it.
SELECT * EXCEPT day, ${day} AS day
FROM (
    SELECT *
    FROM ${database}.segment_rows_at(day = ${day})
    ORDER BY person_id, day DESC
    LIMIT 1 BY person_id
)
WHERE known
