-- Who really pays? One row per group and currency, as the people agent landed it.
SELECT
    toString(found.group_id) AS group_id, (SELECT now FROM ${database}.people_clock) AS as_of, toString(found.currency) AS currency,
    toUInt64(found.payers) AS payers, toUInt64(first_payers) AS first_payers_28d, repeated / payers AS repeat_rate,
    toUInt64(found.orders) AS orders, revenue AS revenue_members_minor, revenue / orders AS average_order_minor,
    credited AS revenue_credited_minor, if(effective > 0, revenue / effective, 0) AS per_effective_member_minor
FROM ${database}.people_payers_now AS found
