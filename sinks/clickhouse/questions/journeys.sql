-- What did one person do, in all groups and in the product? Asked of a person, or of any account of one: the rows of the person's
-- accounts, as the people agent copied them.
-- GLOBAL: on a cluster the accounts are looked up once, not by every shard.
WITH
    assumeNotNull((
        SELECT if(count() > 0, any(person_id), {person:String}) FROM ${database}.people_accounts_now WHERE account_id = {person:String}
    )) AS who,
    accounts AS (SELECT account_id FROM ${database}.people_accounts_now WHERE person_id = who UNION DISTINCT SELECT who AS account_id),
    named AS (
        SELECT name, newness, splitByChar(':', toString(group_id)) AS place
        FROM ${database}.names FINAL
        WHERE member_id != '' AND member_id GLOBAL IN (SELECT arrayStringConcat(arraySlice(splitByChar(':', account_id), 3), ':') FROM accounts)
            AND concat(place[1], ':', place[2], ':', member_id) GLOBAL IN accounts
    )
SELECT
    who AS person_id, nullIf((SELECT argMax(name, (newness, name)) FROM named), '') AS person_name,
    fromUnixTimestamp64Milli(ts_ms, '${zone}') AS ts, toString(side) AS side, toString(acts.group_id) AS group_id,
    toString(what) AS what, detail, account_id, event_id
FROM ${database}.journey_acts AS acts FINAL
WHERE account_id GLOBAL IN accounts
