-- Rows of so many memberships as a worker would have landed them. A number gives a membership: its group, its person, its habit
-- (most have never been active), when it joined and when it was last active.
CREATE VIEW ${database}.drawn AS
SELECT
    number % ${groups} AS place, concat(if(place % 2 = 0, 'wecom:-:g', 'wechat:-:g'), toString(place)) AS group_id,
    concat('m', toString(cityHash64(number) % ${people})) AS member_id,
    cityHash64(number, 1) AS habit, cityHash64(number, 2) AS rhythm, habit % 10 < 6 AS quiet,
    ${now} - (habit % 180 + 9) * ${day} AS joined, ${now} - (rhythm % 120) * ${day} AS active
FROM numbers(${memberships});

INSERT INTO ${database}.epochs (epoch, ready, settings, cluster, topic, topic_id, partitions) VALUES
    (0, 1, '{"time_zone": "UTC", "lateness_h": 48}', 'c', 'chat.events', 't', 8),
    (0, 1, '{"time_zone": "UTC"}', 'c', 'product.events', 't', 8),
    (0, 1, '{}', 'c', 'identity.links', 't', 8);

INSERT INTO ${database}.group_states (
    topic, partition, group_id, version, max_ms, first_ms, activity_ms, closed_hour, closed_day, member_count, platform,
    status, healthy
)
SELECT
    'chat.events', place % ${partitions}, group_id, ${version}, ${now}, min(joined), ${now},
    intDiv(${now} - 2 * ${day}, 3600000), intDiv(${now} - 2 * ${day}, ${day}), 520, splitByChar(':', group_id)[1], 'open', 1
FROM ${database}.drawn
GROUP BY place, group_id;

INSERT INTO ${database}.membership_states (
    topic, partition, group_id, member_id, version, spoke_lo, spoke_hi, reacted_lo, first_ms, last_ms, spoke_ms, join_ms,
    in_ms, out_ms, role, messages, open_messages, joins, source
)
SELECT
    'chat.events', place % ${partitions}, group_id, member_id, ${version},
    -- the loud speak every fourth day, the others every sixteenth
    if(quiet, 0, bitOr(1, bitAnd(rand64(1), bitAnd(rand64(2), if(habit % 5 = 0, bitNot(toUInt64(0)), bitAnd(rand64(3), rand64(4))))))),
    if(quiet, 0, bitAnd(rand64(5), bitAnd(rand64(6), rand64(7)))), if(quiet, 0, bitAnd(rand64(8), bitAnd(rand64(9), rand64(10)))),
    joined, if(quiet, 0, active), if(quiet, 0, active), joined, joined, if(habit % 10 = 1, ${now} - (habit % 100) * ${day}, 0),
    if(habit % 50 = 0, 'operator', 'member'), 10, [0, 0, 0, 0], 1, 'link'
FROM ${database}.drawn;

INSERT INTO ${database}.facts (group_id, type, member_id, ts_ms, event_id, version, platform, source, role)
SELECT group_id, 'join', member_id, join_ms, concat(group_id, member_id), 1, 'wecom', 'link', ''
FROM ${database}.membership_states
UNION ALL
SELECT group_id, 'profile', member_id, join_ms, concat(group_id, member_id, '+'), 1, 'wecom', '', 'operator'
FROM ${database}.membership_states
WHERE role = 'operator'
UNION ALL
SELECT group_id, 'leave', member_id, out_ms, concat(group_id, member_id, '-'), 1, 'wecom', '', ''
FROM ${database}.membership_states
WHERE out_ms > 0;

INSERT INTO ${database}.link_events (
    topic, partition, offset, version, kafka_ts_ms, event_id, type, ts_ms, account_id, user_id, source
)
SELECT
    'identity.links', 0, number, 1, ${now}, concat('l', toString(number)), 'link', ${now} - 50 * ${day},
    concat(if(number % 2 = 0, 'wecom:-:m', 'wechat:-:m'), toString(number)), concat('u', toString(number)), 'login'
FROM numbers(intDiv(${memberships}, 5));

INSERT INTO ${database}.user_states (topic, partition, user_id, version, first_ms, last_ms, used_lo)
SELECT
    'product.events', number % ${partitions}, concat('u', toString(number)), ${version}, ${now} - 100 * ${day},
    ${now} - (number % 90) * ${day}, bitAnd(rand64(1), rand64(2))
FROM numbers(intDiv(${memberships}, 5));

INSERT INTO ${database}.user_reference_states (
    topic, partition, user_id, kind, reference, version, first_ms, last_ms, acted_lo
)
SELECT
    'product.events', number % ${partitions}, concat('u', toString(number)), 'group',
    concat('wecom:-:g', toString(number % ${groups})), ${version}, ${now} - 100 * ${day}, ${now} - (number % 90) * ${day},
    bitAnd(rand64(1), rand64(2))
FROM numbers(intDiv(${memberships}, 5));

DROP VIEW ${database}.drawn
