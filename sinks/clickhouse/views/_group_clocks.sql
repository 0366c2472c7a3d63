-- Every group as its worker last wrote it.
SELECT *
FROM ${database}.group_states
WHERE bitShiftRight(version, 56) = (SELECT epoch FROM ${database}.epoch)
ORDER BY group_id, version DESC
LIMIT 1 BY group_id
