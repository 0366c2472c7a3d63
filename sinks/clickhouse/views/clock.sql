-- The deployment's event time: only records (ticks among them) move it, never beyond the present, and not those of groups whose own
-- time is wrong.
SELECT
    if(countIf(NOT ahead) > 0, maxIf(max_ms, NOT ahead), max(max_ms)) AS newest_ms,
    least(newest_ms, toUnixTimestamp64Milli(now64(3))) AS now_ms,
    fromUnixTimestamp64Milli(now_ms, '${zone}') AS now,
    intDiv(now_ms, 3600000) AS hour,
    toDate(fromUnixTimestamp64Milli(now_ms, '${zone}')) AS today
FROM ${database}.group_clocks
