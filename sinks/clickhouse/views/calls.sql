-- Every call, once: the same id sent again in a group is the same call, in its first version. An operator's message with a link,
-- a poll, a miniprogram or to everybody is a call, too, unless a call names it or it names a call.
WITH
    told AS (
        SELECT
            group_id, call_id,
            argMin(
                (ts_ms, toString(kind), toString(series_id), toString(variant), message_id, toString(campaign_id), window_h, link_ids),
                (ts_ms, event_id)
            ) AS said
        FROM (SELECT * EXCEPT group_id, toString(group_id) AS group_id FROM ${database}.facts WHERE type = 'call')
        GROUP BY group_id, call_id
    ),
    posts AS (
        SELECT group_id, message_id, said.1 AS ts_ms, said.2 AS member_id, said.3 AS kind, said.4 AS campaign_id, said.5 AS link_ids
        FROM (
            SELECT
                group_id, message_id,
                argMin(
                    (
                        ts_ms, member_id,
                        multiIf(kind IN ('poll', 'miniprogram'), toString(kind), mentions_all, 'to_all', 'link'),
                        toString(campaign_id), link_ids
                    ),
                    (ts_ms, event_id)
                ) AS said
            FROM (SELECT * EXCEPT group_id, toString(group_id) AS group_id FROM ${database}.facts WHERE type = 'message' AND call_id = '')
            GROUP BY group_id, message_id
        )
        WHERE (group_id, message_id) NOT IN (SELECT group_id, said.5 FROM told)
    )
SELECT * FROM (
    SELECT
        group_id, toString(call_id) AS call_id, said.1 AS called_ms, called_ms + toInt64(said.7) * 3600000 AS end_ms, said.2 AS kind,
        said.3 AS series_id, said.4 AS variant, said.5 AS message_id, said.6 AS campaign_id, said.7 AS window_h, said.8 AS link_ids,
        0 AS implicit
    FROM told
    UNION ALL
    SELECT
        posts.group_id, concat('message:', posts.message_id), posts.ts_ms, posts.ts_ms + 48 * 3600000, posts.kind, '', '', posts.message_id,
        posts.campaign_id, 48, posts.link_ids, 1
    FROM posts
    ASOF LEFT JOIN ${database}.member_facts AS told
        ON told.group_id = posts.group_id AND told.member_id = posts.member_id AND posts.ts_ms > told.at_ms
    WHERE told.role = 1
)
