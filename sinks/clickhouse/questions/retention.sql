-- Do they stay? One row per group, dimension, value and n, over all cohorts whose day n is closed. Dimensions do not add up
-- to each other. Of a past day: cohorts whose day n had ended by then.
SELECT
    group_id, dimensions.1 AS dimension, dimensions.2 AS value, n, sum(cohorts.base) AS base, sum(cohorts.stayed) AS stayed,
    sum(cohorts.spoke) AS spoke, if(n >= 7, sum(cohorts.spoke_within_7d), NULL) AS spoke_within_7d,
    stayed / base AS stayed_share, spoke / base AS spoke_share, sum(cohorts.linked_base) AS linked_base, sum(cohorts.used) AS used,
    if(n >= 7, sum(cohorts.used_within_7d), NULL) AS used_within_7d, if(linked_base > 0, used / linked_base, NULL) AS used_share
FROM (
    SELECT *, arrayJoin([
        ('all', ''), ('source', source), ('inviter', inviter_id), ('campaign', campaign_id), ('channel', channel)
    ]) AS dimensions
    FROM ${database}.retention_daily
    WHERE cohort + n <= ${day}
) AS cohorts
WHERE dimension IN ('all', 'source') OR value != ''
GROUP BY group_id, dimension, value, n
