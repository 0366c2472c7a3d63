-- Every membership with its person, its evidence and its state: the first that fits. Days are whole days that end today.
WITH
    assumeNotNull((SELECT today FROM ${database}.clock)) AS today,
    (SELECT (mean, scale, weights, theta) FROM ${database}.score) AS fitted,
    people AS (
        SELECT person_id, max(last_ms) AS used_ms
        FROM ${database}.users
        GROUP BY person_id
    ),
    known AS (
        SELECT
            members.*,
            splitByChar(':', toString(members.group_id)) AS place,
            concat(place[1], ':', place[2], ':', members.member_id) AS account_id,
            if(owners.person_id = '', account_id, owners.person_id) AS person_id,
            owners.person_id != '' AND NOT owners.quarantined AS linked,
            place[1] IN (${reads_reported}) AS reads_reported
        FROM ${database}.memberships AS members
        LEFT JOIN ${database}.account_owners AS owners ON owners.account_id = account_id
    )
SELECT
    known.group_id AS group_id, known.member_id AS member_id, account_id, known.person_id AS person_id, linked, role, present,
    joined_at, last_active_at, last_spoke_at,
    if(acts.last_ms > 0, fromUnixTimestamp64Milli(acts.last_ms, '${zone}'), NULL) AS last_act_here_at,
    if(people.used_ms > 0, fromUnixTimestamp64Milli(people.used_ms, '${zone}'), NULL) AS last_used_at,
    -- days of the masks, counted back from today
    toInt64(today) - toInt64(base_day) AS age,
    arrayConcat(bitPositionsToArray(spoke_lo), arrayMap(bit -> bit + 64, bitPositionsToArray(spoke_hi))) AS spoke_bits,
    arrayMap(bit -> toInt64(bit) + age, spoke_bits) AS spoke_days,
    arrayExists(day -> day < 7, spoke_days) AS spoke_7d,
    arrayExists(day -> day < 28, spoke_days) AS spoke_28d,
    arrayExists(bit -> toInt64(bit) + age < 28, bitPositionsToArray(reacted_lo)) AS reacted_28d,
    arrayExists(bit -> toInt64(bit) + age < 28, bitPositionsToArray(read_lo)) AS read_28d,
    acts.last_ms > 0 AND toDate(fromUnixTimestamp64Milli(acts.last_ms, '${zone}')) > today - 28 AS acted_here_28d,
    people.used_ms > 0 AND toDate(fromUnixTimestamp64Milli(people.used_ms, '${zone}')) > today - 28 AS used_28d,
    was_active AND base_day > today - 28 AS active_here_28d,
    countIf(was_active AND base_day > today - 28) OVER (PARTITION BY person_id) AS groups_28d,
    join_known AND toDate(joined_at) > today - 7 AS new,
    linked OR people.used_ms > 0 OR acts.last_ms > 0 AS in_product,
    reads_reported,
    -- the zombie score: what `analytics.score_features` looks at, on the days of any activity here
    least(toInt64(today) - toInt64(toDate(fromUnixTimestamp64Milli(known.first_ms, '${zone}'))), 127) AS span_days,
    arrayDistinct(arrayConcat(
        spoke_bits,
        bitPositionsToArray(reacted_lo), arrayMap(bit -> bit + 64, bitPositionsToArray(reacted_hi)),
        bitPositionsToArray(read_lo), arrayMap(bit -> bit + 64, bitPositionsToArray(read_hi))
    )) AS active_bits,
    arrayFilter(day -> day >= 0 AND day < 100, arrayMap(bit -> toInt64(bit) + age, active_bits)) AS active_days,
    least(span_days, 100) AS within,
    arrayMap(value -> floor(log1p(value) * 8 + 0.5) / 8, [
        toFloat64(if(empty(active_days), within, least(arrayMin(active_days), within))),
        arraySum(day -> exp2(-day / 3), active_days), arraySum(day -> exp2(-day / 7), active_days),
        arraySum(day -> exp2(-day / 28), active_days),
        toFloat64(arrayCount(day -> day != span_days, active_days)), toFloat64(within)
    ]) AS steps,
    arrayPushBack(steps, log1p((exp(steps[1]) - 1) * exp(steps[5]) / exp(steps[6]))) AS looked_at,
    1 / (1 + exp(-(fitted.3[1] + arraySum((value, mean, scale, weight) -> weight * (value - mean) / scale, looked_at, fitted.1, fitted.2, arrayPopFront(fitted.3))))) AS score,
    multiIf(
        NOT present, 'left', role != 'member', 'excluded', spoke_7d, 'active', spoke_28d OR reacted_28d, 'participant',
        read_28d OR acted_here_28d, 'lurker', new, 'newcomer', used_28d OR groups_28d > 0, 'elsewhere',
        NOT reads_reported AND NOT in_product, 'unobservable', score >= fitted.4, 'at_risk', 'zombie'
    ) AS state,
    multiIf(
        state = 'left', 'left', state = 'excluded', toString(role), state = 'active', 'spoke_7d',
        state = 'participant', if(spoke_28d, 'spoke_28d', 'reacted_28d'), state = 'lurker', if(read_28d, 'read_28d', 'acted_here_28d'),
        state = 'newcomer', 'joined_7d', state = 'elsewhere', if(used_28d, 'used_28d', 'other_group_28d'),
        state = 'unobservable', 'no_reading_no_product', 'score'
    ) AS reason
FROM known
LEFT JOIN people ON people.person_id = known.person_id
LEFT JOIN ${database}.acts_in_groups AS acts ON acts.person_id = known.person_id AND acts.group_id = known.group_id
