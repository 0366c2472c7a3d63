-- What everybody's orders are worth at the end of a day, by currency: paid by then, less what was refunded by then.
WITH returned AS (
    SELECT order_id, refunded_in, sum(refunded) AS asked_back
    FROM (
        SELECT
            order_id, argMin(toString(currency), (ts_ms, event_id)) AS refunded_in,
            argMin(amount_minor, (ts_ms, event_id)) AS refunded, min(ts_ms) AS first_ms
        FROM ${database}.product_facts
        WHERE type = 'refund' AND amount_minor < ${absurd}
        GROUP BY order_id, refund_id
    )
    WHERE toDate(fromUnixTimestamp64Milli(first_ms, '${zone}')) <= ${day}
    GROUP BY order_id, refunded_in
)
SELECT
    orders.person_id AS person_id, toString(orders.currency) AS currency, count() AS orders,
    sum(orders.amount_minor - least(orders.amount_minor, returned.asked_back)) AS net_minor,
    max(toInt64(toDate(fromUnixTimestamp64Milli(orders.ts_ms, '${zone}')))) AS last_day
FROM ${database}.orders AS orders
LEFT JOIN returned ON returned.order_id = orders.order_id AND returned.refunded_in = toString(orders.currency)
WHERE NOT orders.absurd AND toDate(fromUnixTimestamp64Milli(orders.ts_ms, '${zone}')) <= ${day}
GROUP BY person_id, currency
