-- Every group as its worker last wrote it.
SELECT *
FROM ${database}.group_states
ORDER BY group_id, version DESC
LIMIT 1 BY group_id
