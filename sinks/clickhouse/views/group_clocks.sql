-- Every group as its worker last wrote it. `ahead`: its time is more than ${wrong_ms} ms after the present, by ClickHouse's clock; then it
-- is wrong, and counts for nobody else.
SELECT *, max_ms > toUnixTimestamp64Milli(now64(3)) + ${wrong_ms} AS ahead
FROM ${database}.group_states
WHERE bitShiftRight(version, 56) = (SELECT epoch FROM ${database}.epoch)
ORDER BY group_id, version DESC
LIMIT 1 BY group_id
