-- Which history of closed days is read, its first and its newest closed day.
SELECT history, min(day) AS first_day, max(day) AS newest_day
FROM ${database}.people_cuts
WHERE history = (SELECT argMax(history, version) FROM ${database}.people_terms WHERE partition = 0)
GROUP BY history
