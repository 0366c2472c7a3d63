-- Which segment is each person in? One row per person, as the people agent landed it.
SELECT
    found.day AS day, person_id, nullIf(CAST(found.lifecycle, 'String'), '') AS lifecycle,
    nullIf(CAST(found.stage, 'String'), '') AS stage, if(found.win_back < 0, NULL, toUInt8(found.win_back)) AS win_back,
    if(found.orders > 0, concat(toString(found.recency), toString(found.frequency), toString(found.monetary)), NULL) AS rfm,
    nullIf(toInt64(found.recency), 0) AS recency, nullIf(toInt64(found.frequency), 0) AS frequency,
    nullIf(toInt64(found.monetary), 0) AS monetary,
    nullIf(CAST(found.currency, 'String'), '') AS currency, nullIf(toUInt64(found.orders), 0) AS orders,
    if(found.orders > 0, found.net_minor, NULL) AS net_minor, if(found.orders > 0, toDate(found.last_order), NULL) AS last_order,
    toUInt64(found.referred) AS referred, toNullable(toDate(first_day)) AS first_seen,
    if(last_day > 0, toDate(last_day), NULL) AS last_active
FROM ${database}.person_segments${at} AS found
