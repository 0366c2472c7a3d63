-- Every call, once: the same id sent again in a group is the same call, as it was told first.
SELECT
    group_id, call_id, told.1 AS called_ms, called_ms + toInt64(told.7) * 3600000 AS end_ms, told.2 AS kind, told.3 AS series_id,
    told.4 AS variant, told.5 AS message_id, told.6 AS campaign_id, told.7 AS window_h, told.8 AS link_ids
FROM (
    SELECT
        toString(calls.group_id) AS group_id, toString(calls.call_id) AS call_id,
        argMin(
            (ts_ms, toString(kind), toString(series_id), toString(variant), message_id, toString(campaign_id), window_h, link_ids),
            (ts_ms, event_id)
        ) AS told
    FROM ${database}.facts AS calls
    WHERE type = 'call'
    GROUP BY group_id, call_id
)
