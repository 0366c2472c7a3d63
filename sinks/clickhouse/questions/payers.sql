-- Who really pays? One row per group and currency; a person's orders count in every group that the person is in, and once in `*`.
WITH
    worth AS (
        SELECT person_id, groupArray((currency, orders, net, first_ms)) AS money
        FROM (
            SELECT person_id, currency, count() AS orders, sum(net_minor) AS net, min(ts_ms) AS first_ms
            FROM ${database}.orders
            WHERE NOT absurd
            GROUP BY person_id, currency
        )
        GROUP BY person_id
    ),
    credited AS (
        SELECT arrayJoin([toString(group_id), '*']) AS credited_to, currency, sum(net_minor) AS net
        FROM ${database}.orders
        WHERE NOT absurd AND group_id != ''
        GROUP BY credited_to, currency
    ),
    places AS (
        SELECT person_id, arrayPushBack(groupArray((place, counts)), ('*', max(counts))) AS everywhere
        FROM (
            SELECT person_id, toString(group_id) AS place, max(effective) AS counts
            FROM ${database}.member_states
            WHERE state NOT IN ('left', 'excluded')
            GROUP BY person_id, group_id
        )
        GROUP BY person_id
    )
SELECT
    paid.place AS group_id, (SELECT now FROM ${database}.clock) AS as_of, paid.currency AS currency, payers, first_payers_28d,
    repeated / payers AS repeat_rate, orders, revenue_members_minor, revenue_members_minor / orders AS average_order_minor,
    ifNull(credited.net, 0) AS revenue_credited_minor,
    if(effective_members > 0, revenue_members_minor / effective_members, 0) AS per_effective_member_minor
FROM (
    SELECT *, sum(effective_once) OVER (PARTITION BY place) AS effective_members
    FROM (
        SELECT
            tupleElement(where, 1) AS place, tupleElement(one, 1) AS currency, count() AS payers,
            countIf(toDate(fromUnixTimestamp64Milli(tupleElement(one, 4), '${zone}')) > (SELECT today FROM ${database}.clock) - 28) AS first_payers_28d,
            countIf(tupleElement(one, 2) > 1) AS repeated, sum(tupleElement(one, 2)) AS orders, sum(tupleElement(one, 3)) AS revenue_members_minor,
            countIf(tupleElement(where, 2) AND nth <= 1) AS effective_once
        FROM (
            SELECT arrayJoin(places.everywhere) AS where, worth.money AS money
            FROM places
            LEFT JOIN worth ON worth.person_id = places.person_id
        )
        LEFT ARRAY JOIN money AS one, arrayEnumerate(money) AS nth
        GROUP BY place, currency
    )
) AS paid
LEFT JOIN credited ON credited.credited_to = paid.place AND credited.currency = paid.currency
WHERE paid.currency != ''
