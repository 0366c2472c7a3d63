-- What is owed, held, released, taken back? One row per result that earns something, as the people agent landed it.
SELECT
    referrer_user_id, toString(found.goal) AS goal, conversion_id, (SELECT now FROM ${database}.people_clock) AS as_of, person_id,
    toString(found.plan_id) AS plan_id, fromUnixTimestamp64Milli(ts_ms, '${zone}') AS converted_at, net_minor,
    toString(found.currency) AS currency, earned_minor, toString(found.state) AS state, toString(found.held_by) AS held_by,
    if(until_ms < 9000000000000, fromUnixTimestamp64Milli(until_ms, '${zone}'), NULL) AS until, posted_minor, released_minor
FROM ${database}.people_commissions_now AS found
