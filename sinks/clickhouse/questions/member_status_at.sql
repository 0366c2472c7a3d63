-- What was every membership at the end of a closed day? As the newest change up to then has it.
WITH ['active', 'participant', 'lurker'] AS here, CAST(NULL, 'Nullable(DateTime64(3, \'${zone}\'))') AS nothing
SELECT
    toString(found.group_id) AS group_id, member_id, found.person_id AS person_id,
    concat(splitByChar(':', group_id)[1], ':', splitByChar(':', group_id)[2], ':', member_id) AS account_id,
    found.state AS state, found.reason AS reason, since, found.previous AS previous,
    if(returned_on > toDate(0), returned_on, NULL) AS returned_on, found.score AS score, found.rhythm AS rhythm, found.fading AS fading,
    found.role AS role, found.linked AS linked, nothing AS joined_at, nothing AS last_spoke_at, nothing AS last_active_at,
    nothing AS last_act_here_at, nothing AS last_used_at, toUInt64(found.groups_28d) AS groups_28d, found.reads_reported AS reads_reported,
    found.in_product AS in_product
FROM (
    SELECT
        group_id, member_id, argMax(was.person_id, day) AS person_id, argMax(was.state, day) AS state, argMax(was.reason, day) AS reason,
        maxIf(day, was.state != was.previous) AS since,
        argMaxIf(was.state, day, day < ${day}) AS previous,
        maxIf(day, was.previous IN ('at_risk', 'zombie') AND has(here, was.state)) AS returned_on, argMax(was.score, day) AS score,
        argMax(was.rhythm, day) AS rhythm, argMax(was.fading, day) AS fading, argMax(was.role, day) AS role,
        argMax(was.linked, day) AS linked, argMax(was.groups_28d, day) AS groups_28d,
        argMax(was.reads_reported, day) AS reads_reported, argMax(was.in_product, day) AS in_product
    FROM ${database}.people_transitions AS was
    WHERE day <= ${day} AND history = (SELECT history FROM ${database}.people_history WHERE ${day} BETWEEN first_day AND newest_day)
    GROUP BY group_id, member_id
    SETTINGS optimize_aggregation_in_order = 1
) AS found
WHERE found.state != ''
