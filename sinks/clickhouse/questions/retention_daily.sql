-- Do they stay? One row per group, day of the cohort (first join), n, and what brought them (source, inviter, campaign, channel); only cohorts whose day n is closed.
-- spoke_n is read from the day mask while it reaches back so far, else from member_days; used_n of linked members from the
-- product's events.
WITH
    cohort AS (
        SELECT
            group_id, member_id, account_id, source, inviter_id, spoke_lo, spoke_hi, was_active, last_ms, in_ms, join_ms, base_day,
            toDate(fromUnixTimestamp64Milli(join_ms, '${zone}')) AS joined_on, arrayJoin([1, 7, 30, 60, 90]) AS n,
            joined_on + n AS day_n
        FROM ${database}.memberships
        WHERE join_known AND joined_on + n < closed_until
    ),
    presence AS (
        SELECT
            group_id, member_id, groupArrayIf(ts_ms, type IN ('join', 'roster')) AS ins, groupArrayIf(ts_ms, type = 'leave') AS outs,
            groupArrayIf((ts_ms, toString(campaign_id)), type = 'join' AND campaign_id != '') AS campaigns,
            groupArrayIf((ts_ms, toString(channel)), type = 'join' AND channel != '') AS channels
        FROM (SELECT * FROM ${database}.facts FINAL)
        WHERE type IN ('join', 'leave', 'roster')
        GROUP BY group_id, member_id
    ),
    rosters AS (
        SELECT group_id, groupArray(start) AS starts
        FROM (
            SELECT group_id, snapshot_id, min(ts_ms) AS start, maxIf(complete, type = 'roster_end') AS whole
            FROM (SELECT * FROM ${database}.facts FINAL)
            WHERE type IN ('roster', 'roster_end')
            GROUP BY group_id, snapshot_id
        )
        WHERE whole = 1
        GROUP BY group_id
    ),
    days AS (SELECT group_id, member_id, groupArray(day) AS days FROM ${database}.closed_member_days GROUP BY group_id, member_id),
    owners AS (SELECT account_id, person_id FROM ${database}.account_owners WHERE NOT quarantined),
    used AS (
        SELECT if(owners.person_id = '', acts.user_id, owners.person_id) AS person_id, groupUniqArray(acts.day) AS days
        FROM (
            SELECT DISTINCT user_id, toDate(fromUnixTimestamp64Milli(ts_ms, '${zone}')) AS day
            FROM ${database}.product_events
            WHERE type NOT IN ('refund', 'contact', 'tick') AND excluded = 0
        ) AS acts
        LEFT JOIN owners ON owners.account_id = acts.user_id
        GROUP BY person_id
    )
SELECT
    group_id, joined_on AS cohort, n, source, inviter_id, campaign_id, channel, count() AS base, countIf(stayed) AS stayed, countIf(spoke) AS spoke,
    countIf(spoke_within) AS spoke_within_7d, countIf(linked) AS linked_base, countIf(linked AND used) AS used,
    countIf(linked AND used_within) AS used_within_7d
FROM (
    SELECT
        cohort.group_id AS group_id, joined_on, n, source, inviter_id,
        -- what the first join itself names; of several at the same time, the first by name
        arraySort(arrayMap(one -> one.2, arrayFilter(one -> one.1 = join_ms, presence.campaigns)))[1] AS campaign_id,
        arraySort(arrayMap(one -> one.2, arrayFilter(one -> one.1 = join_ms, presence.channels)))[1] AS channel,
        toUnixTimestamp64Milli(toDateTime64(day_n + 1, 3, '${zone}')) AS end_ms,
        arrayMax(arrayFilter(t -> t < end_ms, arrayConcat(presence.ins, [join_ms]))) AS last_in,
        arrayMax(arrayConcat([0], arrayFilter(t -> t < end_ms, presence.outs))) AS last_out,
        arrayMax(arrayConcat([0], arrayFilter(t -> t < end_ms, rosters.starts))) AS last_roster,
        last_in > last_out AND NOT (last_roster > greatest(last_in, last_ms)) AS stayed,
        toInt64(base_day) - toInt64(day_n) AS age,
        arrayExists(k -> (was_active AND age + k >= 0 AND age + k < 128 AND bitTest(if(age + k < 64, spoke_lo, spoke_hi), toUInt8(bitAnd(age + k, 63))))
            OR (age + k >= 128 AND has(days.days, day_n - k)), [0]) AS spoke,
        n >= 7 AND arrayExists(k -> (was_active AND age + k >= 0 AND age + k < 128 AND bitTest(if(age + k < 64, spoke_lo, spoke_hi), toUInt8(bitAnd(age + k, 63))))
            OR (age + k >= 128 AND has(days.days, day_n - k)), range(7)) AS spoke_within,
        cohort.person_id != '' AS linked,
        has(used.days, day_n) AS used,
        n >= 7 AND arrayExists(k -> has(used.days, day_n - k), range(7)) AS used_within
    FROM (
        SELECT cohort.*, owners.person_id AS person_id
        FROM cohort
        LEFT JOIN owners ON owners.account_id = cohort.account_id
    ) AS cohort
    LEFT JOIN used ON used.person_id = cohort.person_id
    LEFT JOIN presence USING (group_id, member_id)
    LEFT JOIN rosters ON cohort.group_id = rosters.group_id
    LEFT JOIN days ON cohort.group_id = days.group_id AND cohort.member_id = days.member_id
)
GROUP BY group_id, joined_on, n, source, inviter_id, campaign_id, channel
