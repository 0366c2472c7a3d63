-- Which term of every share of people is read.
SELECT partition, bitShiftRight(max(version), 32) AS term
FROM ${database}.people_terms
GROUP BY partition
