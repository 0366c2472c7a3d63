-- Accounts that were linked to a user while they still belonged to another, and how often.
SELECT account_id, conflicts
FROM ${database}.people_accounts_now
WHERE conflicts > 0
