-- Which segment was each person in? One row per person who was known at the end of the day.
SELECT
    ${day} AS day, person_id, lifecycle, stage, win_back, rfm, recency, frequency, monetary, currency, order_count AS orders,
    net AS net_minor, last_order, referred, first_seen, last_active
FROM ${database}.person_segments${at}
