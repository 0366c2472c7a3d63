-- Who answered which call, and when first. An act answers one call: the one whose id it carries; else, of the calls whose
-- message, link or campaign it names, whose window is open and whose group the member was in, the latest.
WITH
    calls AS (SELECT group_id, call_id, called_ms, end_ms, message_id, campaign_id, link_ids FROM ${database}.calls),
    ways AS (
        SELECT group_id, call_id, called_ms, end_ms, way
        FROM calls
        ARRAY JOIN arrayConcat([('call', call_id), ('campaign', campaign_id)], arrayMap(link -> ('link', link), link_ids)) AS way
        WHERE way.2 != ''
    ),
    named AS (
        -- members answer in the group
        SELECT
            'member' AS who, acts.member_id AS id, ('chat', partition, position) AS act, acts.ts_ms AS ts_ms,
            calls.group_id AS group_id, calls.call_id AS call_id, calls.called_ms AS called_ms
        FROM (
            SELECT
                partition, `offset` AS position, toString(events.group_id) AS group_id, member_id, ts_ms,
                if(type = 'message', reply_to_message_id, message_id) AS about
            FROM ${database}.events AS events
            WHERE ((type = 'message' AND reply_to_message_id != '') OR (type = 'reaction' AND NOT removed)) AND duplicate = 0 AND excluded = 0
        ) AS acts
        INNER JOIN calls ON calls.group_id = acts.group_id AND calls.message_id = acts.about
        WHERE acts.ts_ms >= calls.called_ms AND acts.ts_ms < calls.end_ms
        UNION ALL
        -- persons answer in the product
        SELECT
            'person' AS who, if(owners.person_id = '', acts.user_id, owners.person_id) AS id, ('product', partition, position) AS act,
            acts.ts_ms AS ts_ms, ways.group_id AS group_id, ways.call_id AS call_id, ways.called_ms AS called_ms
        FROM (
            SELECT
                partition, `offset` AS position, user_id, ts_ms,
                arrayJoin(if(
                    call_id != '', [('call', toString(call_id))], [('link', link_id), ('campaign', toString(campaign_id))]
                )) AS way
            FROM ${database}.product_events
            WHERE type IN ('click', 'share', 'signup', 'trial', 'purchase') AND duplicate = 0 AND excluded = 0
        ) AS acts
        INNER JOIN ways ON ways.way = acts.way
        LEFT JOIN ${database}.account_owners AS owners ON owners.account_id = acts.user_id
        WHERE acts.ts_ms >= ways.called_ms AND acts.ts_ms < ways.end_ms
    )
SELECT group_id, call_id, member_id, min(ts_ms) AS first_ms
FROM (
    SELECT act, group_id, call_id, called_ms, ts_ms, members
    FROM (
        SELECT
            named.act AS act, named.group_id AS group_id, named.call_id AS call_id, named.called_ms AS called_ms,
            any(named.ts_ms) AS ts_ms, groupUniqArray(exposed.member_id) AS members
        FROM (
            SELECT group_id, call_id, member_id, one.1 AS who, one.2 AS id
            FROM ${database}.call_exposures
            ARRAY JOIN [('member', member_id), ('person', person_id)] AS one
        ) AS exposed
        INNER JOIN named
            ON named.group_id = exposed.group_id AND named.call_id = exposed.call_id AND named.who = exposed.who AND named.id = exposed.id
        GROUP BY act, group_id, call_id, called_ms
    )
    ORDER BY act, called_ms DESC, group_id, call_id
    LIMIT 1 BY act
)
ARRAY JOIN members AS member_id
GROUP BY group_id, call_id, member_id
