-- How many would come if the group were called now? By its last five calls whose window is over; one row per group that has one.
-- `*` counts people of these groups once, at their best.
WITH
    assumeNotNull((SELECT now_ms FROM ${database}.clock)) AS now_ms,
    recent AS (
        SELECT group_id, call_id
        FROM ${database}.calls
        WHERE end_ms <= now_ms
        ORDER BY group_id, called_ms DESC, call_id
        LIMIT 5 BY group_id
    ),
    asked AS (
        SELECT exposed.group_id AS group_id, exposed.member_id AS member_id, count() AS calls, countIf(answers.first_ms > 0) AS answered
        FROM (SELECT * FROM ${database}.call_exposures WHERE (group_id, call_id) IN recent) AS exposed
        LEFT JOIN ${database}.call_answers AS answers
            ON answers.group_id = exposed.group_id AND answers.call_id = exposed.call_id AND answers.member_id = exposed.member_id
        GROUP BY group_id, member_id
    ),
    members AS (
        SELECT
            toString(rows.group_id) AS group_id, member_id,
            if(owners.person_id = '', rows.account_id, owners.person_id) AS person_id
        FROM ${database}.memberships AS rows
        LEFT JOIN ${database}.account_owners AS owners ON owners.account_id = rows.account_id
        WHERE rows.present AND rows.role = 'member' AND rows.group_id IN (SELECT group_id FROM recent)
    ),
    hopes AS (
        SELECT counted_in, count() AS members, sum(came) AS answered, sum(best) AS expected
        FROM (
            SELECT
                if(grouping(members.group_id) = 0, members.group_id, '*') AS counted_in, max(asked.answered > 0) AS came,
                -- one call answered and one missed beforehand: nobody is certain to come, and nobody certain not to
                max((asked.answered + 1) / (asked.calls + 2)) AS best
            FROM members
            LEFT JOIN asked ON asked.group_id = members.group_id AND asked.member_id = members.member_id
            GROUP BY GROUPING SETS ((members.group_id, members.member_id), (members.person_id))
        )
        GROUP BY counted_in
    )
SELECT
    calling.counted_in AS group_id, calling.calls AS calls, hopes.members AS members, hopes.answered AS answered_any,
    hopes.expected AS expected_answerers
FROM (
    SELECT arrayJoin([group_id, '*']) AS counted_in, count() AS calls
    FROM recent
    GROUP BY counted_in
) AS calling
LEFT JOIN hopes ON hopes.counted_in = calling.counted_in
