-- Whom have we reached, who has referred others, and whom to contact next? One row per member who is in the group. A contact
-- with a group counts in that group, one without in all groups of the person.
WITH
    toInt64(assumeNotNull((SELECT today FROM ${database}.clock))) AS now_day,
    said AS (
        SELECT
            if(owners.person_id = '', contacts.user_id, owners.person_id) AS person_id,
            groupUniqArray((
                ts_ms, event_id, toString(contacts.group_id), toInt64(toDate(fromUnixTimestamp64Milli(ts_ms, '${zone}'))),
                toString(operator_id), toString(purpose), toString(contacts.depth), toString(outcome)
            )) AS contacts
        FROM (SELECT * FROM ${database}.product_facts FINAL WHERE type = 'contact') AS contacts
        LEFT JOIN ${database}.account_owners AS owners ON owners.account_id = contacts.user_id
        GROUP BY person_id
    ),
    masks AS (
        SELECT person_id, groupArray((role, group_id, member_id, first_day, reach, active_days)) AS all
        FROM ${database}.active_days
        GROUP BY person_id
    ),
    invitations AS (
        SELECT toString(group_id) AS group_id, inviter_id, count() AS invited
        FROM ${database}.memberships
        WHERE join_known AND inviter_id NOT IN ('', member_id)
        GROUP BY group_id, inviter_id
    ),
    referrers AS (SELECT person_id, count() AS referred FROM ${database}.referrals GROUP BY person_id),
    payers AS (SELECT DISTINCT person_id FROM ${database}.orders WHERE NOT absurd),
    found AS (
        SELECT
            members.group_id AS group_id, members.member_id AS member_id, members.person_id AS person_id, account_id,
            toString(state) AS state, score,
            arraySort(arrayFilter(one -> one.3 IN ('', members.group_id), said.contacts)) AS mine,
            mine[-1] AS newest, newest.4 AS day,
            notEmpty(mine) AS contacted, length(mine) AS contacts,
            if(contacted, fromUnixTimestamp64Milli(newest.1, '${zone}'), NULL) AS last_contacted_at,
            nullIf(newest.5, '') AS owner, nullIf(newest.6, '') AS purpose, nullIf(newest.7, '') AS depth, nullIf(newest.8, '') AS outcome,
            if(contacted, last_contacted_at >= joined_at, NULL) AS after_join,
            arrayFilter(one -> one.1 = 'user' OR (one.2 = members.group_id AND one.3 = members.member_id), masks.all) AS own,
            multiIf(
                NOT contacted, NULL,
                arrayExists(mask -> arrayExists(active -> active > day AND active <= day + 14, mask.6), own), 1,
                day + 14 >= now_day, NULL,
                -- the mask no longer covers one of these days
                arrayExists(mask -> greatest(mask.4, day + 1) <= least(mask.5 - 1, day + 14), own), NULL,
                0
            ) AS returned_14d,
            referrers.referred > 0 OR invitations.invited > 0 AS has_referred, referrers.referred AS referred,
            invitations.invited AS invited, payers.person_id != '' AS payer,
            multiIf(
                arrayExists(one -> one.4 > now_day - 14 OR (one.8 = 'refused' AND one.4 > now_day - 90), mine), 0,
                state = 'newcomer' AND NOT contacted, 1,
                fading, 2,
                state = 'at_risk', 3, 0
            ) AS class
        FROM (
            SELECT
                toString(states.group_id) AS group_id, member_id, person_id, splitByChar(':', group_id) AS place,
                concat(place[1], ':', place[2], ':', member_id) AS account_id,
                if(joined_ms > 0, fromUnixTimestamp64Milli(joined_ms, '${zone}'), NULL) AS joined_at, state, score, fading
            FROM ${database}.people_members_now AS states
            WHERE state NOT IN ('left', 'excluded')
        ) AS members
        LEFT JOIN said ON said.person_id = members.person_id
        LEFT JOIN masks ON masks.person_id = members.person_id
        LEFT JOIN invitations ON invitations.group_id = members.group_id AND invitations.inviter_id = members.member_id
        LEFT JOIN referrers ON referrers.person_id = members.person_id
        LEFT JOIN payers ON payers.person_id = members.person_id
    )
SELECT
    * EXCEPT (mine, newest, day, own, class),
    -- scores of the same days may differ in the last digit, and must not decide then
    if(class > 0, row_number() OVER (PARTITION BY group_id ORDER BY class = 0, class, payer DESC, round(score, 9) DESC, member_id), NULL) AS next
FROM found
