-- Which referrals are fake? One row per case, as the people agent landed it.
SELECT
    person_id, toString(found.rule) AS rule, (SELECT now FROM ${database}.people_clock) AS as_of,
    if(closed_ms = 0, 'open', 'closed') AS state, risk, score, counted, if(found.of = 0, NULL, found.of) AS out_of,
    fromUnixTimestamp64Milli(opened_ms, '${zone}') AS opened_at,
    if(closed_ms = 0, NULL, fromUnixTimestamp64Milli(closed_ms, '${zone}')) AS closed_at,
    toString(found.decision) AS decision, actor_id, reason
FROM ${database}.people_risks_now AS found
