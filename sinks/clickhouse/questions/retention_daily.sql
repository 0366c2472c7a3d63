-- Do they stay? One row per group, day of the cohort (first join), n, dimension and value; only cohorts whose day n is closed.
SELECT
    group_id, cohort, n, dimension, value, toUInt64(found.base) AS base, toUInt64(found.stayed) AS stayed, toUInt64(found.spoke) AS spoke,
    toUInt64(found.spoke_within_7d) AS spoke_within_7d, toUInt64(found.linked_base) AS linked_base, toUInt64(found.used) AS used, toUInt64(found.used_within_7d) AS used_within_7d
FROM ${database}.people_retention_now AS found
ARRAY JOIN
    cohorts AS cohort, base, stayed, spoke, spoke_within_7d, linked_base, used, used_within_7d
