-- Rows of which each person's newest tells of its segment now, whether it still has one (`known`) or not.
SELECT person, cell, toUInt32(bitAnd(version, 0xFFFFFFFF)) AS newness, NOT gone AS known
FROM ${database}.people_segments
WHERE (partition, bitShiftRight(version, 32)) IN (SELECT partition, term FROM ${database}.people_term)
