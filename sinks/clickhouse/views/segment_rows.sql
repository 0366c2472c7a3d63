-- Rows of which each person's newest tells of its segment: now there is one of each.
SELECT *, toDate(0) AS day, 1 AS known
FROM ${database}.people_segments_now
