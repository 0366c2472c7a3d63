-- Names that landed before there was a table for them.
INSERT INTO ${database}.names (group_id, member_id, newness, name)
SELECT
    group_id, member_id, ts_ms * 1048576 + toInt64(bitAnd(cityHash64(event_id), 1048575)) AS newness,
    if(type = 'group', said.name, nickname)
FROM ${database}.facts AS said
WHERE (type = 'group' AND said.name != '') OR (type IN ('roster', 'profile') AND nickname != '');
