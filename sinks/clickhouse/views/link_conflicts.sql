-- Accounts that were linked to a user while they still belonged to another, and how often. The newest record counts.
WITH arraySort(groupUniqArray((ts_ms, unlink, event_id, user_id))) AS said
SELECT
    account_id,
    arrayCount((one, next) -> NOT one.2 AND NOT next.2 AND one.4 != next.4, arrayPopBack(said), arrayPopFront(said)) AS conflicts
FROM ${database}.link_events
WHERE account_id IN (SELECT account_id FROM ${database}.link_events WHERE account_id != '' AND excluded = 0 GROUP BY account_id HAVING uniqExact(user_id) > 1)
    AND excluded = 0
GROUP BY account_id
HAVING conflicts > 0
