-- The deployment's event time: the highest clock of any partition of chat, product and links, and never later than the present. A clock
-- that is more than an hour ahead of the present, by ClickHouse's clock, is wrong and counts only if all are; where it is that of a
-- partition of chat, the groups there count whose own time is right.
SELECT
    if(countIf(NOT ahead) > 0, maxIf(clock_ms, NOT ahead), max(clock_ms)) AS newest_ms,
    least(newest_ms, toUnixTimestamp64Milli(now64(3))) AS now_ms,
    fromUnixTimestamp64Milli(now_ms, '${zone}') AS now,
    intDiv(now_ms, 3600000) AS hour,
    toDate(fromUnixTimestamp64Milli(now_ms, '${zone}')) AS today
FROM (
    SELECT clock_ms, clock_ms > toUnixTimestamp64Milli(now64(3)) + 3600000 AS ahead
    FROM ${database}.heads_now
    WHERE contract IN (${sources}) AND clock_ms > 0
    UNION ALL
    SELECT max_ms, ahead FROM ${database}.group_clocks
)
