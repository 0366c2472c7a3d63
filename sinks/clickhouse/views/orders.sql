-- What every order is worth: its earliest payment, less what was refunded in its currency, never below zero. A refund
-- counts once, and only once its order is there. Amounts of ${absurd} minor units and more are shown but not counted.
WITH
    paid AS (
        SELECT
            order_id,
            argMin((user_id, ts_ms, amount_minor, currency, items, product_id, group_id, campaign_id, cost_minor), (ts_ms, event_id)) AS first,
            uniqExact(event_id) - 1 AS repeated,
            uniqExact(currency) > 1 AS mixed_currencies
        FROM ${database}.product_facts
        WHERE type = 'purchase'
        GROUP BY order_id
    ),
    refunds AS (
        SELECT order_id, groupArray((refunded_in, refunded)) AS given
        FROM (
            SELECT order_id, argMin(currency, (ts_ms, event_id)) AS refunded_in, argMin(amount_minor, (ts_ms, event_id)) AS refunded
            FROM ${database}.product_facts
            WHERE type = 'refund' AND amount_minor < ${absurd}
            GROUP BY order_id, refund_id
        )
        GROUP BY order_id
    )
SELECT
    paid.order_id AS order_id, first.1 AS user_id,
    if(owners.person_id = '', first.1, owners.person_id) AS person_id,
    first.2 AS ts_ms, first.3 AS amount_minor, first.4 AS currency, first.5 AS items, first.6 AS product_id,
    first.7 AS group_id, first.8 AS campaign_id, first.9 AS cost_minor,
    arraySum(one -> if(one.1 = first.4, one.2, 0), refunds.given) AS asked_back_minor,
    least(asked_back_minor, amount_minor) AS refunded_minor,
    amount_minor - refunded_minor AS net_minor,
    amount_minor >= ${absurd} AS absurd,
    paid.repeated AS repeated,
    paid.mixed_currencies OR arrayExists(one -> one.1 != first.4, refunds.given) AS mixed_currencies
FROM paid
LEFT JOIN refunds USING order_id
LEFT JOIN ${database}.account_owners AS owners ON owners.account_id = paid.first.1
