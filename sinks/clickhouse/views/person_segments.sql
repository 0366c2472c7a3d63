-- Everybody who was known at the end of a day, and the segments that this person was in. Days are numbers since 1970-01-01.
WITH
    toInt64(${day}) AS now_day,
    seen AS (
        SELECT
            days.person_id AS person_id,
            minIf(days.seen_day, counted) AS first_day,
            -- 0: never
            maxIf(arrayMax(arrayPushBack(arrayFilter(day -> day <= now_day, days.active_days), 0)), counted) AS last_day,
            -- the newest day that the masks no longer cover; 0: none
            maxIf(least(days.reach - 1, now_day), counted AND days.first_day <= least(days.reach - 1, now_day)) AS forgotten_day,
            max(counted AND (
                (days.has_spoken AND days.last_day <= now_day) OR arrayExists(day -> day <= now_day, days.spoke_days)
                OR (spoken.first_day > 0 AND spoken.first_day <= now_day)
            )) AS has_spoken
        FROM (SELECT *, role IN ('member', 'user') AS counted FROM ${database}.active_days) AS days
        LEFT JOIN (
            SELECT toString(group_id) AS group_id, member_id, toInt64(min(day)) AS first_day
            FROM ${database}.closed_member_days
            GROUP BY group_id, member_id
        ) AS spoken ON spoken.group_id = days.group_id AND spoken.member_id = days.member_id
        GROUP BY person_id
        -- operators, aliases and bots are not customers
        HAVING (countIf(days.role = 'member') > 0 OR countIf(days.role != 'user') = 0) AND first_day <= now_day
    ),
    worth AS (
        SELECT
            person_id, max(net_minor) > 0 AS revenue,
            argMin((currency, orders, net_minor, last_day), (-toInt64(orders), currency)) AS most
        FROM ${database}.worth${at}
        GROUP BY person_id
    ),
    sign_ups AS (SELECT person_id, toInt64(toDate(min(signed_up_at))) AS day FROM ${database}.users WHERE signed_up_at IS NOT NULL GROUP BY person_id),
    referrers AS (
        SELECT person_id, count() AS referred
        FROM ${database}.referrals
        WHERE toDate(fromUnixTimestamp64Milli(since_ms, '${zone}')) <= ${day}
        GROUP BY person_id
    ),
    known AS (
        SELECT
            seen.person_id AS person_id, seen.first_day AS first_day, seen.last_day AS last_day, forgotten_day,
            has_spoken OR ifNull(sign_ups.day, 0) BETWEEN 1 AND now_day AS activated,
            worth.revenue AS revenue, worth.most.1 AS currency, worth.most.2 AS orders, worth.most.3 AS net_minor, worth.most.4 AS bought_day,
            referrers.referred AS referred
        FROM seen
        LEFT JOIN worth ON worth.person_id = seen.person_id
        LEFT JOIN sign_ups ON sign_ups.person_id = seen.person_id
        LEFT JOIN referrers ON referrers.person_id = seen.person_id
    )
SELECT
    person_id,
    multiIf(
        now_day - first_day < 7, 'new', last_day > 0 AND now_day - last_day < 14, 'engaged',
        -- active since, for all that is known, and not so long ago that it makes no difference
        forgotten_day > greatest(last_day, first_day) AND now_day - forgotten_day < 90, NULL,
        now_day - greatest(last_day, first_day) < 28, 'fading', now_day - greatest(last_day, first_day) < 90, 'dormant', 'lost'
    ) AS lifecycle,
    multiIf(
        referred > 0, 'referral', revenue, 'revenue', last_day >= first_day + 28 AND now_day - last_day < 28, 'retention',
        forgotten_day >= first_day + 28 AND now_day - forgotten_day < 28, NULL, activated, 'activation', 'acquisition'
    ) AS stage,
    (lifecycle IN ('dormant', 'lost') AND revenue) OR (lifecycle = 'dormant' AND activated) AS win_back,
    toDate(first_day) AS first_seen, if(last_day > 0, toDate(last_day), NULL) AS last_active,
    nullIf(known.currency, '') AS currency, if(orders > 0, orders, NULL) AS order_count, if(orders > 0, known.net_minor, NULL) AS net,
    if(orders > 0, toDate(bought_day), NULL) AS last_order,
    -- a fifth of those with orders in this currency is a point; who is level shares the lower one
    if(orders > 0, intDiv(5 * (rank() OVER (PARTITION BY known.currency ORDER BY bought_day) - 1), count() OVER (PARTITION BY known.currency)) + 1, NULL) AS recency,
    if(orders > 0, intDiv(5 * (rank() OVER (PARTITION BY known.currency ORDER BY orders) - 1), count() OVER (PARTITION BY known.currency)) + 1, NULL) AS frequency,
    if(orders > 0, intDiv(5 * (rank() OVER (PARTITION BY known.currency ORDER BY known.net_minor) - 1), count() OVER (PARTITION BY known.currency)) + 1, NULL) AS monetary,
    concat(toString(recency), toString(frequency), toString(monetary)) AS rfm,
    referred
FROM known
