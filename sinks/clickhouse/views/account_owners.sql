-- Who owns each account, as the newest record about it says. `quarantined`: the links are not believed, and the account is a person of
-- its own.
SELECT account_id, user_id, source, since_ms, quarantined, person_id
FROM ${database}.people_accounts_now
WHERE user_id != ''
