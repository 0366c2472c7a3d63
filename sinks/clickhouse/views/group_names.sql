-- The newest name of every group that has one.
SELECT toString(rows.group_id) AS group_id, name
FROM ${database}.names AS rows FINAL
WHERE member_id = ''
