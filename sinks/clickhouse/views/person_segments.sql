-- Which segment everybody is in now, as the people agent landed it.
SELECT *, assumeNotNull((SELECT today FROM ${database}.people_clock)) AS day
FROM ${database}.people_segments_now
