-- What was every membership at the end of a closed day? As the newest row up to then has it. A column that is computed of group_id after
-- the rows are in order would have ClickHouse sort them again.
WITH CAST(NULL, 'Nullable(DateTime64(3, \'${zone}\'))') AS nothing
SELECT
    found.group_id AS group_id, member_id, found.person_id AS person_id, account_id,
    found.state AS state, found.reason AS reason, found.since AS since, if(day < ${day}, found.state, found.previous) AS previous,
    if(found.returned_on > toDate(0), found.returned_on, NULL) AS returned_on, found.score AS score, found.rhythm AS rhythm,
    found.fading AS fading, found.role AS role, found.linked AS linked, nothing AS joined_at, nothing AS last_spoke_at,
    nothing AS last_active_at, nothing AS last_act_here_at, nothing AS last_used_at, toUInt64(found.groups_28d) AS groups_28d,
    found.reads_reported AS reads_reported, found.in_product AS in_product
FROM (
    SELECT *, concat(splitByChar(':', group_id)[1], ':', splitByChar(':', group_id)[2], ':', member_id) AS account_id
    FROM ${database}.people_transitions
    WHERE day <= ${day} AND history = (SELECT history FROM ${database}.people_history WHERE ${day} BETWEEN first_day AND newest_day)
    ORDER BY group_id, member_id, day DESC
    LIMIT 1 BY group_id, member_id
) AS found
WHERE found.state != ''
