-- Who comes when called? One row per call.
WITH
    assumeNotNull((SELECT now_ms FROM ${database}.clock)) AS now_ms,
    -- who wrote inside the window of a call, and in the equal window before
    talk AS (
        SELECT group_id, call.1 AS call_id, member_id, max(ts_ms >= call.2) AS during, max(ts_ms < call.2) AS before
        FROM (
            SELECT
                messages.group_id AS group_id, member_id, ts_ms,
                arrayJoin(arrayFilter(one -> ts_ms >= 2 * one.2 - one.3 AND ts_ms < one.3, calling.calls)) AS call
            FROM (
                SELECT toString(events.group_id) AS group_id, member_id, ts_ms
                FROM ${database}.events AS events
                WHERE type = 'message' AND duplicate = 0 AND excluded = 0
            ) AS messages
            INNER JOIN (
                SELECT group_id, groupArray((call_id, called_ms, end_ms)) AS calls FROM ${database}.calls GROUP BY group_id
            ) AS calling ON calling.group_id = messages.group_id
        )
        GROUP BY group_id, call_id, member_id
    ),
    answers AS (
        SELECT
            exposed.group_id AS group_id, exposed.call_id AS call_id, exposed.member_id AS member_id,
            answers.first_ms > 0 AS came, (answers.first_ms - exposed.called_ms) / 1000 AS seconds
        FROM ${database}.call_exposures AS exposed
        LEFT JOIN ${database}.call_answers AS answers
            ON answers.group_id = exposed.group_id AND answers.call_id = exposed.call_id AND answers.member_id = exposed.member_id
    ),
    counted AS (
        SELECT
            answers.group_id AS group_id, answers.call_id AS call_id, count() AS exposed, countIf(came) AS answered,
            quantileExactInclusiveIf(0.5)(seconds, came) AS median_s, countIf(talk.during AND NOT came) AS talked,
            countIf(talk.before) AS talked_before
        FROM answers
        LEFT JOIN talk ON talk.group_id = answers.group_id AND talk.call_id = answers.call_id AND talk.member_id = answers.member_id
        GROUP BY group_id, call_id
    )
SELECT
    calls.group_id AS group_id, calls.call_id AS call_id, kind, implicit, nullIf(series_id, '') AS series_id, nullIf(variant, '') AS variant,
    fromUnixTimestamp64Milli(called_ms, '${zone}') AS called_at, window_h, end_ms > now_ms AS open,
    counted.exposed AS exposed, counted.answered AS answered,
    if(counted.exposed > 0, counted.answered / counted.exposed, NULL) AS rate,
    if(counted.answered > 0, counted.median_s, NULL) AS median_answer_s,
    counted.talked AS talked, counted.talked_before AS talked_before,
    if(counted.exposed > 0, counted.talked_before / counted.exposed, NULL) AS talked_before_rate
FROM ${database}.calls AS calls
LEFT JOIN counted ON counted.group_id = calls.group_id AND counted.call_id = calls.call_id
