-- The ledger: what was posted at the close of each day. Entries never change.
SELECT
    day, referrer_user_id, toString(found.kind) AS kind, toString(found.debit) AS debit, toString(found.credit) AS credit,
    toString(found.goal) AS goal, source_id, toString(found.currency) AS currency, amount_minor, sequence
FROM ${database}.people_ledger_now AS found
