-- How many would come if the group were called now? By its last five calls whose window is over; one row a group that has one.
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
        SELECT toString(rows.group_id) AS group_id, member_id
        FROM ${database}.memberships AS rows
        WHERE present AND role = 'member'
    ),
    hopes AS (
        SELECT
            members.group_id AS group_id, count() AS members, countIf(asked.answered > 0) AS answered,
            -- one call answered and one missed beforehand: nobody is certain to come, and nobody certain not to
            sum((asked.answered + 1) / (asked.calls + 2)) AS expected
        FROM members
        LEFT JOIN asked ON asked.group_id = members.group_id AND asked.member_id = members.member_id
        GROUP BY group_id
    )
SELECT
    calling.group_id AS group_id, calling.calls AS calls, hopes.members AS members, hopes.answered AS answered_any,
    hopes.expected AS expected_answerers
FROM (SELECT group_id, count() AS calls FROM recent GROUP BY group_id) AS calling
LEFT JOIN hopes ON hopes.group_id = calling.group_id
ORDER BY group_id
