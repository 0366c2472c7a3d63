-- Names, owners and tags of groups, and who is in them. What an event does not mention stays as it was, except tags. Members are counted
-- as the people agent has worked them out.
SELECT
    clocks.group_id AS group_id,
    facts.name AS name,
    clocks.platform AS platform,
    facts.owner_id AS owner_id,
    clocks.status AS status,
    facts.tags AS tags,
    facts.aliases AS aliases,
    if(clocks.created_ms > 0, fromUnixTimestamp64Milli(clocks.created_ms, '${zone}'), NULL) AS created_at,
    fromUnixTimestamp64Milli(clocks.max_ms, '${zone}') AS time,
    toDate(clocks.closed_day) AS closed_until,
    if(clocks.activity_ms > 0, fromUnixTimestamp64Milli(clocks.activity_ms, '${zone}'), NULL) AS last_activity,
    members.headcount - members.unseen + members.left AS known,
    members.headcount - members.unseen AS present,
    members.left AS left,
    members.excluded AS excluded,
    if(clocks.count_ms > 0, clocks.member_count, NULL) AS platform_count,
    members.unseen AS unseen,
    members.headcount AS headcount,
    clocks.late AS late_events
FROM ${database}.group_clocks AS clocks
LEFT JOIN (
    SELECT
        group_id, argMaxIf(rows.name, (ts_ms, event_id), rows.name != '') AS name,
        argMaxIf(rows.owner_id, (ts_ms, event_id), rows.owner_id != '') AS owner_id,
        argMax(rows.tags, (ts_ms, event_id)) AS tags,
        argMaxIf(rows.aliases, (ts_ms, event_id), notEmpty(rows.aliases)) AS aliases
    FROM ${database}.facts AS rows
    WHERE type = 'group'
    GROUP BY group_id
) AS facts USING group_id
LEFT JOIN ${database}.people_groups_now AS members USING group_id
