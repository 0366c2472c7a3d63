-- What every order is worth, and whose it is.
SELECT orders.*, if(owners.person_id = '', orders.user_id, owners.person_id) AS person_id
FROM ${database}.people_orders_now AS orders
LEFT JOIN ${database}.people_accounts_now AS owners ON owners.account_id = orders.user_id
