-- Every membership with its person, its evidence and its state at the end of a day: the first that fits. Windows are whole days
-- that end with this day. Masks hold 128 days that end with the newest activity: enough for the last four weeks of days.
WITH
    ${day} AS today,
    assumeNotNull((SELECT (mean, scale, weights, theta, longer, silent) FROM ${database}.score${at})) AS fitted,
    -- bit 0 of a word on another day
    (word, age) -> if(age >= 0, if(age < 28, bitShiftLeft(word, toUInt8(age)), toUInt64(0)), bitShiftRight(word, toUInt8(least(-age, 63)))) AS rolled,
    known AS (
        SELECT
            members.*,
            if(owners.person_id = '', members.account_id, owners.person_id) AS person_id,
            owners.person_id != '' AND NOT owners.quarantined AS linked,
            members.place[1] IN (${reads_reported}) AS reads_reported,
            toInt64(today) - toInt64(base_day) AS age,
            rolled(spoke_lo, age) AS spoke,
            rolled(reacted_lo, age) AS reacted,
            rolled(read_lo, age) AS read
        FROM ${database}.members${at} AS members
        LEFT JOIN ${database}.account_owners AS owners ON owners.account_id = members.account_id
    ),
    people AS (
        SELECT
            person_id, max(last_ms) AS used_ms,
            max(bitAnd(rolled(used_lo, toInt64(today) - toInt64(base_day)), 0xFFFFFFF) != 0) AS used_28d,
            max(first_ms < assumeNotNull((SELECT end_ms FROM ${database}.day_end${at}))) AS used_ever
        FROM ${database}.users
        GROUP BY person_id
    ),
    -- a join and not a window function: what one group asks for sorts no other group's members
    elsewhere AS (
        SELECT if(owners.person_id = '', active.account_id, owners.person_id) AS person_id, count() AS groups_28d
        FROM (
            SELECT account_id
            FROM ${database}.memberships
            WHERE bitAnd(rolled(bitOr(bitOr(spoke_lo, reacted_lo), read_lo), toInt64(today) - toInt64(base_day)), 0xFFFFFFF) != 0
        ) AS active
        LEFT JOIN ${database}.account_owners AS owners ON owners.account_id = active.account_id
        GROUP BY person_id
    ),
    before AS (
        SELECT
            group_id, member_id, argMax(state, day) AS last_state, maxIf(day, state != previous) AS since,
            maxIf(day, previous IN ('at_risk', 'zombie') AND state IN ('active', 'participant', 'lurker')) AS returned_on
        FROM ${database}.member_transitions FINAL
        WHERE day < ${day}
        GROUP BY group_id, member_id
    ),
    -- each step is a query of its own: what an alias stands for would be planned again wherever it is used
    evidence AS (
        SELECT
            known.group_id AS group_id, known.member_id AS member_id, known.* EXCEPT (group_id, member_id, person_id, linked),
            known.person_id AS person_id, known.linked AS linked,
            people.used_ms AS used_ms, people.used_28d AS used_28d,
            elsewhere.groups_28d AS groups_28d,
            known.linked OR people.used_ever AS in_product,
            acts.last_ms AS acted_ms, acts.acted_28d AS acted_28d,
            toString(before.last_state) AS previous, before.since AS known_since, before.returned_on AS known_returned_on,
            -- days of any activity here, counted back from this one
            arrayFilter(
                ago -> ago >= 0,
                arrayMap(bit -> toInt64(bit) + age, arrayConcat(
                    bitPositionsToArray(bitOr(bitOr(spoke_lo, reacted_lo), read_lo)),
                    arrayMap(bit -> bit + 64, bitPositionsToArray(bitOr(bitOr(spoke_hi, reacted_hi), read_hi)))
                ))
            ) AS active_days
        FROM known
        LEFT JOIN people ON people.person_id = known.person_id
        LEFT JOIN elsewhere ON elsewhere.person_id = known.person_id
        LEFT JOIN ${database}.acts_in_groups${at} AS acts ON acts.person_id = known.person_id AND acts.group_id = known.group_id
        LEFT JOIN before ON before.group_id = known.group_id AND before.member_id = known.member_id
    ),
    -- what `analytics.people.score_features` looks at, now and 28 days ago; and the gaps that `analytics.people.rhythm` compares a
    -- silence with
    seen AS (
        SELECT
            *,
            toInt64(today) - toInt64(first_day) AS span_days,
            [active_days, arrayMap(ago -> ago - 28, arrayFilter(ago -> ago >= 28, active_days))] AS looks,
            if(empty(active_days), 128, least(active_days[1], 128)) AS silent,
            arrayPopFront(arrayDifference(active_days)) AS gaps
        FROM evidence
    ),
    measured AS (
        SELECT
            *,
            arrayMap((days, then) -> if(empty(days), greatest(span_days - then, 0), days[1]), looks, [0, 28]) AS idle,
            arrayMap((days, idle_days, then) -> arrayMap(value -> floor(log1p(value) * 8 + 0.5) / 8, [
                toFloat64(idle_days), arraySum(ago -> if(ago < 72, exp2(-ago / 3), 0), days),
                arraySum(ago -> if(ago < 72, exp2(-ago / 7), 0), days), arraySum(ago -> if(ago < 72, exp2(-ago / 28), 0), days),
                greatest(toFloat64(length(days)) - 1, 0), toFloat64(greatest(span_days - then, 0))
            ]), looks, idle, [0, 28]) AS steps
        FROM seen
    ),
    scored AS (
        SELECT
            *,
            arrayMap((days, idle_days, steps_of, weights) -> 1 / (1 + exp(-(weights[1] + arraySum(
                (value, mean, scale, weight) -> weight * (value - mean) / scale,
                arrayConcat(steps_of, [toFloat64(empty(days)), log1p((exp(steps_of[1]) - 1) * exp(steps_of[5]) / exp(steps_of[6]))]),
                fitted.1, fitted.2, arrayPopFront(weights)
            )))), looks, idle, steps, arrayMap(idle_days -> if(idle_days >= 28, fitted.6, fitted.3), idle)) AS chances,
            chances[1] AS score, (arrayCount(gap -> gap >= silent, gaps) + 2 * fitted.5[silent + 1]) / (length(gaps) + 2) AS rhythm
        FROM measured
    ),
    stated AS (
        SELECT
            *,
            bitAnd(spoke, 0xFFFFFFF) != 0 AS spoke_28d, bitAnd(read, 0xFFFFFFF) != 0 AS read_28d,
            multiIf(
                NOT present, 'left', role != 'member', 'excluded', bitAnd(spoke, 0x7F) != 0, 'active',
                bitAnd(bitOr(spoke, reacted), 0xFFFFFFF) != 0, 'participant', read_28d OR acted_28d, 'lurker',
                join_known AND toDate(joined_at) > today - 7 AND toDate(joined_at) <= today, 'newcomer',
                used_28d OR groups_28d > 0, 'elsewhere', NOT reads_reported AND NOT in_product, 'unobservable', 'at_risk'
            ) AS unscored,
            -- once a zombie, one stays so until the score is clearly better; the score stands first, since what is computed
            -- only where another condition leaves it open takes longer
            if(score < if(previous = 'zombie', 1.1, 1.) * fitted.4 AND unscored = 'at_risk', 'zombie', unscored) AS state
        FROM scored
    )
SELECT
    group_id, member_id, account_id, person_id, linked, role, present, joined_at, last_active_at, last_spoke_at,
    if(acted_ms > 0, fromUnixTimestamp64Milli(acted_ms, '${zone}'), NULL) AS last_act_here_at,
    if(used_ms > 0, fromUnixTimestamp64Milli(used_ms, '${zone}'), NULL) AS last_used_at,
    groups_28d, reads_reported, in_product, score, rhythm, state,
    multiIf(
        state = 'left', 'left', state = 'excluded', role, state = 'active', 'spoke_7d',
        state = 'participant', if(spoke_28d, 'spoke_28d', 'reacted_28d'), state = 'lurker', if(read_28d, 'read_28d', 'acted_here_28d'),
        state = 'newcomer', 'joined_7d', state = 'elsewhere', if(used_28d, 'used_28d', 'other_group_28d'),
        state = 'unobservable', 'no_reading_no_product', 'score'
    ) AS reason,
    state IN ('active', 'participant', 'lurker') AS effective,
    previous, if(state = previous, known_since, today) AS since,
    multiIf(
        effective AND previous IN ('at_risk', 'zombie'), today, known_returned_on > toDate(0), known_returned_on, NULL
    ) AS returned_on,
    effective AND span_days >= 28 AND score < chances[2] / 2 AS fading
FROM stated
WHERE throwIf(today < (SELECT today FROM ${database}.clock) - ${reach}, 'Members can be told of today and the ${reach} days before; effective_members_daily has older days.') = 0
