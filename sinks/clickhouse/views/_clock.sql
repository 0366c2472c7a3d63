-- The deployment's event time: only records (ticks among them) move it.
SELECT
    max(max_ms) AS now_ms,
    fromUnixTimestamp64Milli(max(max_ms), '${zone}') AS now,
    intDiv(max(max_ms), 3600000) AS hour,
    toDate(fromUnixTimestamp64Milli(max(max_ms), '${zone}')) AS today
FROM ${database}.group_clocks
