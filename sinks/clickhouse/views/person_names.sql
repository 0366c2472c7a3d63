-- The newest name that each person has in any group.
SELECT if(owners.person_id = '', named.account_id, owners.person_id) AS person_id, argMax(named.name, (named.newness, named.name)) AS name
FROM (
    SELECT
        splitByChar(':', toString(rows.group_id)) AS place, concat(place[1], ':', place[2], ':', member_id) AS account_id, name, newness
    FROM ${database}.names AS rows FINAL
    WHERE member_id != ''
) AS named
LEFT JOIN ${database}.people_accounts_now AS owners ON owners.account_id = named.account_id
GROUP BY person_id
