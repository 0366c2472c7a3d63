-- The same of a past day: over the cohorts whose day n had ended by then.
WITH arrayCount(cohort -> cohort + n <= ${day}, cohorts) AS ended
SELECT
    group_id, dimension, value, n, arraySum(arraySlice(found.base, 1, ended)) AS base, arraySum(arraySlice(found.stayed, 1, ended)) AS stayed, arraySum(arraySlice(found.spoke, 1, ended)) AS spoke,
    if(n >= 7, arraySum(arraySlice(found.spoke_within_7d, 1, ended)), NULL) AS spoke_within_7d, stayed / base AS stayed_share,
    spoke / base AS spoke_share, arraySum(arraySlice(found.linked_base, 1, ended)) AS linked_base, arraySum(arraySlice(found.used, 1, ended)) AS used,
    if(n >= 7, arraySum(arraySlice(found.used_within_7d, 1, ended)), NULL) AS used_within_7d, if(linked_base > 0, used / linked_base, NULL) AS used_share
FROM ${database}.people_retention_now AS found
WHERE ended > 0
