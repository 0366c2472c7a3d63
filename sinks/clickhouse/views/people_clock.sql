-- The time up to which people's rows count: the deployment's event time at the newest reading.
SELECT
    clock_ms AS now_ms, fromUnixTimestamp64Milli(now_ms, '${zone}') AS now, toDate(now) AS today
FROM ${database}.people_sources_now
WHERE contract = '*'
