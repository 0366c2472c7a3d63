-- Hours and days of groups. Hours are UTC; a day begins at midnight in ${zone}.
SELECT
    group_id, daily,
    if(daily, toDateTime(toDate(toUInt16(bucket)), '${zone}'), toDateTime(bucket * 3600, '${zone}')) AS start,
    bucket, messages, speakers, reactions, reactors, reads, readers, joins, leaves, replies, mentions, questions, links, edits,
    recalls, calls
FROM ${database}.pane_states
WHERE bitShiftRight(version, 56) = (SELECT epoch FROM ${database}.epoch)
ORDER BY group_id, daily, bucket, version DESC
LIMIT 1 BY group_id, daily, bucket
