-- When a day ends and the next one begins.
SELECT ${day} AS day, toUnixTimestamp64Milli(toDateTime64(${day} + 1, 3, '${zone}')) AS end_ms
