-- The first day that is not closed, and the first about which anything is known.
SELECT newest_day + 1 AS closed_until, first_day
FROM ${database}.people_history
