-- Loud, occasional, silent: days spoken of the last 28. Base: members in the group, less operators, aliases and bots.
SELECT
    toString(group_id) AS group_id,
    (SELECT now FROM ${database}.people_clock) AS as_of,
    rows.* EXCEPT group_id
FROM ${database}.people_tiers_now AS rows
