-- Do they stay? One row per group, day of the cohort (first join), n, dimension and value; only cohorts whose day n is closed.
SELECT
    group_id, cohort, n, dimension, value, toUInt64(its_base) AS base, toUInt64(its_stayed) AS stayed, toUInt64(its_spoke) AS spoke,
    toUInt64(its_spoke_7d) AS spoke_within_7d, toUInt64(its_linked) AS linked_base, toUInt64(its_used) AS used, toUInt64(its_used_7d) AS used_within_7d
FROM ${database}.people_retention_now AS found
ARRAY JOIN
    cohorts AS cohort, found.base AS its_base, found.stayed AS its_stayed, found.spoke AS its_spoke, found.spoke_within_7d AS its_spoke_7d,
    found.linked_base AS its_linked, found.used AS its_used, found.used_within_7d AS its_used_7d
