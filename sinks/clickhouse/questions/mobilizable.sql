-- Who comes when called? One row per call.
SELECT
    group_id, call_id, kind, implicit, nullIf(series_id, '') AS series_id, nullIf(variant, '') AS variant,
    fromUnixTimestamp64Milli(called_ms, '${zone}') AS called_at, window_h, open, exposed, answered,
    if(exposed > 0, answered / exposed, NULL) AS rate, if(answered > 0, median_answer_s, NULL) AS median_answer_s,
    talked, talked_before, if(exposed > 0, talked_before / exposed, NULL) AS talked_before_rate
FROM ${database}.people_calls_now
