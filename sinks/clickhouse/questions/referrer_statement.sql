-- What has each referrer earned, and what are they owed? Balances of the ledger, and what is pending, as the people agent landed them.
SELECT
    balances.referrer_user_id AS referrer_user_id, toString(balances.currency) AS currency,
    (SELECT now FROM ${database}.people_clock) AS as_of, toUInt64(commissions.results) AS results,
    accrued AS accrued_minor, held AS held_minor, payable AS payable_minor, in_payout AS in_payout_minor, paid AS paid_minor,
    overpaid AS overpaid_minor, pending_accrued AS pending_accrued_minor, pending_released AS pending_released_minor
FROM ${database}.people_balances_now AS balances
LEFT JOIN (
    SELECT referrer_user_id, currency, countIf(state != 'void') AS results
    FROM ${database}.people_commissions_now
    GROUP BY referrer_user_id, currency
) AS commissions USING (referrer_user_id, currency)
