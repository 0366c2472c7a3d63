-- Who brought whom, and what did it earn? One row per referrer and currency, as the people agent landed it.
SELECT
    person_id, (SELECT now FROM ${database}.people_clock) AS as_of, toString(found.currency) AS currency,
    toUInt64(found.direct) AS direct, toUInt64(found.size - found.direct) AS indirect, toUInt32(found.depth) AS depth,
    toUInt32(found.generation) AS generation, k, virality, if(cycle_ms < 0, NULL, cycle_ms / 86400000) AS cycle_days,
    direct_orders, direct_minor AS direct_net_minor, orders, net_minor
FROM ${database}.people_referrers_now AS found
