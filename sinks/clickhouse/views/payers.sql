-- Who really pays? One row a group and currency; a person's orders count in every group that the person is in, and once in `*`.
WITH
    worth AS (
        SELECT
            person_id, currency, count() AS orders, sum(net_minor) AS net, countIf(net_minor > 0) AS kept,
            min(ts_ms) AS first_ms
        FROM ${database}.orders
        WHERE NOT absurd
        GROUP BY person_id, currency
    ),
    places AS (
        SELECT DISTINCT toString(group_id) AS group_id, person_id, state IN ('active', 'participant', 'lurker') AS effective
        FROM ${database}.member_states
        WHERE state NOT IN ('left', 'excluded')
        UNION ALL
        SELECT '*', person_id, max(state IN ('active', 'participant', 'lurker'))
        FROM ${database}.member_states
        WHERE state NOT IN ('left', 'excluded')
        GROUP BY person_id
    ),
    credited AS (
        SELECT toString(group_id) AS group_id, currency, sum(net_minor) AS net
        FROM ${database}.orders
        WHERE NOT absurd AND group_id != ''
        GROUP BY group_id, currency
        UNION ALL
        SELECT '*', currency, sum(net_minor)
        FROM ${database}.orders
        WHERE NOT absurd AND group_id != ''
        GROUP BY currency
    ),
    sizes AS (SELECT group_id, uniqExactIf(person_id, effective) AS effective FROM places GROUP BY group_id)
SELECT
    places.group_id AS group_id, (SELECT now FROM ${database}.clock) AS as_of, worth.currency AS currency,
    uniqExact(places.person_id) AS payers,
    uniqExactIf(places.person_id, toDate(fromUnixTimestamp64Milli(worth.first_ms, '${zone}')) > (SELECT today FROM ${database}.clock) - 28) AS first_payers_28d,
    uniqExactIf(places.person_id, worth.orders > 1) / payers AS repeat_rate,
    sum(worth.orders) AS orders, sum(worth.net) AS revenue_members_minor, revenue_members_minor / orders AS average_order_minor,
    any(ifNull(credited.net, 0)) AS revenue_credited_minor,
    if(any(sizes.effective) > 0, revenue_members_minor / any(sizes.effective), 0) AS per_effective_member_minor
FROM (SELECT group_id, person_id FROM places GROUP BY group_id, person_id) AS places
INNER JOIN worth ON worth.person_id = places.person_id
LEFT JOIN credited ON credited.group_id = places.group_id AND credited.currency = worth.currency
LEFT JOIN sizes ON sizes.group_id = places.group_id
GROUP BY group_id, currency
ORDER BY group_id, currency
