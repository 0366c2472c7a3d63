-- Which segment everybody was in at the end of a closed day, as the newest row of that month up to it has it.
SELECT
    ${day} AS day, person_id, argMax(was.lifecycle, was.day) AS lifecycle, argMax(was.stage, was.day) AS stage, argMax(was.win_back, was.day) AS win_back,
    argMax(was.recency, was.day) AS recency, argMax(was.frequency, was.day) AS frequency, argMax(was.monetary, was.day) AS monetary,
    argMax(was.currency, was.day) AS currency, argMax(was.orders, was.day) AS orders, argMax(was.net_minor, was.day) AS net_minor,
    argMax(was.last_order, was.day) AS last_order, argMax(was.referred, was.day) AS referred, argMax(was.first_day, was.day) AS first_day,
    argMax(was.last_day, was.day) AS last_day
FROM ${database}.segment_rows_at(day = ${day}) AS was
GROUP BY person_id
HAVING lifecycle != ''
SETTINGS optimize_aggregation_in_order = 1
