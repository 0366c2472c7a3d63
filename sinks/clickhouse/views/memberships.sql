-- Every membership as its worker last wrote it, but for names whose member became known by id (`name:…` with role alias); `present`: in the
-- group still, as the people agent has worked it out. Masks: bit 0 is the day (the hour) of last_ms.
SELECT
    states.group_id AS group_id,
    states.member_id AS member_id,
    splitByChar(':', toString(states.group_id)) AS place,
    concat(place[1], ':', place[2], ':', states.member_id) AS account_id,
    states.role AS role,
    states.present AS present,
    states.join_ms < 4611686018427387904 AS join_known,
    if(join_known, fromUnixTimestamp64Milli(states.join_ms, '${zone}'), NULL) AS joined_at,
    states.join_ms AS join_ms,
    states.inviter_id AS inviter_id,
    states.source AS source,
    states.in_ms AS in_ms,
    states.out_ms AS out_ms,
    states.first_ms AS first_ms,
    toDate(fromUnixTimestamp64Milli(states.first_ms, '${zone}')) AS first_day,
    toDate(fromUnixTimestamp64Milli(states.out_ms, '${zone}')) AS out_day,
    states.last_ms AS last_ms,
    if(states.last_ms > 0, fromUnixTimestamp64Milli(states.last_ms, '${zone}'), NULL) AS last_active_at,
    if(states.spoke_ms > 0, fromUnixTimestamp64Milli(states.spoke_ms, '${zone}'), NULL) AS last_spoke_at,
    states.messages AS messages,
    states.joins AS joins,
    states.leaves AS leaves,
    states.open_messages AS open_messages,
    states.last_ms > 0 AS was_active,
    toDate(fromUnixTimestamp64Milli(states.last_ms, '${zone}')) AS base_day,
    intDiv(states.last_ms, 3600000) AS base_hour,
    states.spoke_lo AS spoke_lo,
    states.spoke_hi AS spoke_hi,
    states.reacted_lo AS reacted_lo,
    states.reacted_hi AS reacted_hi,
    states.read_lo AS read_lo,
    states.read_hi AS read_hi,
    states.spoke_hours AS spoke_hours,
    states.reacted_hours AS reacted_hours,
    states.read_hours AS read_hours,
    toDate(clocks.closed_day) AS closed_until
FROM (
    -- Both are in the order of their tables: reading ends with a limit, and nothing is kept for the join. After a parallel hash join,
    -- ClickHouse counts some groups in two rows.
    SELECT states.*, CAST(people.state NOT IN ('', 'left'), 'UInt8') AS present
    FROM (
        SELECT *
        FROM ${database}.membership_states
        WHERE bitShiftRight(version, 56) = (SELECT epoch FROM ${database}.epoch)
        ORDER BY group_id, member_id, version DESC
        LIMIT 1 BY group_id, member_id
    ) AS states
    LEFT JOIN ${database}.people_members_now AS people ON people.group_id = states.group_id AND people.member_id = states.member_id
    SETTINGS join_algorithm = 'full_sorting_merge', max_block_size = 4096, read_in_order_use_buffering = 0
) AS states
LEFT JOIN ${database}.group_clocks AS clocks USING group_id
WHERE NOT (states.role = 'alias' AND startsWith(states.member_id, 'name:'))
