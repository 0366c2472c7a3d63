-- Do they stay? One row per group, dimension, value and n, over all cohorts whose day n is closed. Dimensions do not add up to each
-- other.
SELECT
    group_id, dimension, value, n, arraySum(found.base) AS base, arraySum(found.stayed) AS stayed, arraySum(found.spoke) AS spoke,
    if(n >= 7, arraySum(found.spoke_within_7d), NULL) AS spoke_within_7d, stayed / base AS stayed_share,
    spoke / base AS spoke_share, arraySum(found.linked_base) AS linked_base, arraySum(found.used) AS used,
    if(n >= 7, arraySum(found.used_within_7d), NULL) AS used_within_7d, if(linked_base > 0, used / linked_base, NULL) AS used_share
FROM ${database}.people_retention_now AS found
