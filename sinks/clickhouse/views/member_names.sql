-- The newest name of every member in a group.
SELECT toString(rows.group_id) AS group_id, member_id, name
FROM ${database}.names AS rows FINAL
WHERE member_id != ''
