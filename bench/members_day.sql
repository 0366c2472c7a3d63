-- What a worker lands in a day beside the rows of `members.sql`: a message a membership, one in twenty memberships and one in ten
-- users changed, some joined, left or were linked; then a checkpoint. The day is number ${number}.
INSERT INTO ${database}.membership_states
SELECT * REPLACE (
    1 - slot AS slot, ${version} + 2 * ${number} AS version, bitOr(1, bitShiftLeft(spoke_lo, 1)) AS spoke_lo,
    if(last_ms = 0, ${now}, last_ms) AS last_ms, messages + 1 AS messages
)
FROM (
    SELECT *
    FROM ${database}.membership_states
    WHERE cityHash64(member_id, ${number}) % 20 = 0
    ORDER BY group_id, member_id, version DESC
    LIMIT 1 BY group_id, member_id
);

INSERT INTO ${database}.events (
    topic, partition, offset, version, kafka_ts_ms, event_hash, event_id, type, ts_ms, platform, group_id, member_id, message_id, kind
)
SELECT
    'chat.events', number % ${partitions}, ${number} * ${memberships} + intDiv(number, ${partitions}), ${version} + 2 * ${number},
    ${now}, cityHash64(number, ${number}), concat('${number}-', toString(number)),
    multiIf(number % 200 = 0, 'join', number % 200 = 1, 'leave', 'message'), ${now} - number % ${day}, 'wecom',
    concat(if(number % ${groups} % 2 = 0, 'wecom:-:g', 'wechat:-:g'), toString(number % ${groups})),
    concat('m', toString(cityHash64(number, ${number} % 3) % ${people})), toString(number), 'text'
FROM numbers(${memberships});

INSERT INTO ${database}.facts (group_id, type, member_id, ts_ms, event_id, version, platform)
SELECT group_id, type, member_id, ts_ms, event_id, version, platform
FROM ${database}.events
WHERE version = ${version} + 2 * ${number} AND type != 'message';

INSERT INTO ${database}.user_states
SELECT * REPLACE (1 - slot AS slot, ${version} + 2 * ${number} AS version, bitOr(1, used_lo) AS used_lo)
FROM (
    SELECT *
    FROM ${database}.user_states
    WHERE cityHash64(user_id, ${number}) % 10 = 0
    ORDER BY user_id, version DESC
    LIMIT 1 BY user_id
);

INSERT INTO ${database}.user_reference_states
SELECT * REPLACE (1 - slot AS slot, ${version} + 2 * ${number} AS version, bitOr(1, acted_lo) AS acted_lo)
FROM (
    SELECT *
    FROM ${database}.user_reference_states
    WHERE cityHash64(user_id, ${number}) % 10 = 0
    ORDER BY user_id, kind, reference, version DESC
    LIMIT 1 BY user_id, kind, reference
);

INSERT INTO ${database}.link_events (
    topic, partition, offset, version, kafka_ts_ms, event_id, type, ts_ms, account_id, user_id, source
)
SELECT
    'identity.links', 0, (${number} + 1) * ${memberships} + number, 1, ${now}, concat('l${number}-', toString(number)), 'link',
    ${now} - 40 * ${day}, concat('wecom:-:m', toString(number * 7 + ${number})), concat('u', toString(number)), 'login'
FROM numbers(intDiv(${memberships}, 1000));

INSERT INTO ${database}.checkpoints (topic, partition, epoch, term, sequence, parent_term, parent_sequence, offsets, worker)
SELECT
    topic, number, 0, 1, ${number}, 0, 0, map(topic, toUInt64((${number} + 1) * ${memberships} + if(topic = 'identity.links', ${memberships}, 0))),
    'bench'
FROM numbers(${partitions})
ARRAY JOIN ['chat.events', 'product.events', 'identity.links'] AS topic
