-- Up to when each source counts in the rows about people: the lowest clock of its partitions, of those that have had a record.
-- `provisional`: more than ${apart_s} seconds behind the deployment's event time, so that what came since is missing or incomplete.
SELECT
    transform(toString(contract), [${sources}], [${source_names}], toString(contract)) AS source,
    fromUnixTimestamp64Milli(least(min(clock_ms), now_ms), '${zone}') AS counts_up_to,
    toUInt8(now_ms - min(clock_ms) > ${apart_s} * 1000) AS provisional
FROM ${database}.people_sources_now
CROSS JOIN ${database}.people_clock AS now
WHERE contract != '*' AND clock_ms > 0
GROUP BY contract, now_ms
ORDER BY indexOf([${sources}], contract)
