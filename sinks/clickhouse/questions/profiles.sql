-- Who are they? One row per group, attribute and value: members by state, and what they bought. The newest profile that names
-- an attribute decides, else the newest nickname, where it follows the convention. `*` counts people once.
WITH
    ${nickname_fields} AS fields,
    ['active', 'participant', 'lurker', 'newcomer', 'elsewhere', 'unobservable', 'at_risk', 'zombie'] AS states,
    said AS (
        SELECT
            toString(facts.group_id) AS group_id, member_id, pair.1 AS attribute, argMax(pair.2, (ts_ms, event_id)) AS value,
            (1, max((ts_ms, event_id))) AS newest
        FROM (SELECT * FROM ${database}.facts FINAL WHERE type = 'profile') AS facts
        ARRAY JOIN JSONExtractKeysAndValues(attributes, 'String') AS pair
        GROUP BY group_id, member_id, attribute
        HAVING value != ''
    ),
    nicknames AS (
        SELECT
            toString(facts.group_id) AS group_id, member_id, max((ts_ms, event_id)) AS newest,
            arrayMap(part -> trimBoth(part), splitByString('${nickname_separator}', argMax(nickname, (ts_ms, event_id, toString(type))))) AS parts
        FROM (SELECT * FROM ${database}.facts FINAL WHERE type IN ('roster', 'profile') AND nickname != '') AS facts
        GROUP BY group_id, member_id
        HAVING length(parts) = length(fields) AND NOT has(parts, '')
    ),
    own AS (
        SELECT group_id, member_id, attribute, argMax(one.value, one.newest) AS value, max(one.newest) AS newest
        FROM (
            SELECT group_id, member_id, attribute, value, newest FROM said
            UNION ALL
            SELECT group_id, member_id, pair.1 AS attribute, pair.2 AS value, (0, newest) AS newest
            FROM nicknames
            ARRAY JOIN arrayZip(fields, parts) AS pair
            WHERE attribute != 'name'
        ) AS one
        GROUP BY group_id, member_id, attribute
    ),
    worth AS (
        SELECT person_id, groupArray((currency, net)) AS bought
        FROM (
            SELECT person_id, toString(currency) AS currency, sum(net_minor) AS net
            FROM ${database}.orders
            WHERE NOT absurd
            GROUP BY person_id, currency
        )
        GROUP BY person_id
    ),
    -- in the group, and, in one of the person's memberships, over all groups: by the newest value there, and the best state
    places AS (
        SELECT
            members.person_id AS person_id, own.attribute AS attribute, worth.bought AS bought,
            row_number() OVER (PARTITION BY members.person_id, own.attribute ORDER BY own.newest DESC, own.value DESC) AS nth,
            arrayJoin(arrayConcat(
                [(members.group_id, own.value, members.state)],
                if(nth = 1, [('*', own.value, members.best)], [])
            )) AS place
        FROM (
            SELECT
                toString(found.group_id) AS group_id, member_id, person_id, indexOf(states, toString(found.state)) AS state,
                min(indexOf(states, toString(found.state))) OVER (PARTITION BY person_id) AS best
            FROM ${database}.people_members_now AS found
            WHERE found.state NOT IN ('left', 'excluded')
        ) AS members
        INNER JOIN own ON own.group_id = members.group_id AND own.member_id = members.member_id
        LEFT JOIN worth ON worth.person_id = members.person_id
    )
SELECT * EXCEPT all_bought
FROM (
SELECT
    place.1 AS group_id, attribute, place.2 AS value, count() AS members,
    countIf(place.3 = 1) AS active, countIf(place.3 = 2) AS participant, countIf(place.3 = 3) AS lurker, countIf(place.3 = 4) AS newcomer,
    countIf(place.3 = 5) AS elsewhere, countIf(place.3 = 6) AS unobservable, countIf(place.3 = 7) AS at_risk, countIf(place.3 = 8) AS zombie,
    active + participant + lurker AS effective,
    uniqExactIf(person_id, notEmpty(bought)) AS payers,
    -- once per person, however many accounts the person has here
    arrayFlatten(arrayMap(one -> one.2, groupUniqArray((person_id, bought)))) AS all_bought,
    CAST(
        arrayMap(name -> (name, arraySum(one -> if(one.1 = name, one.2, 0), all_bought)), arraySort(arrayDistinct(arrayMap(one -> one.1, all_bought)))),
        'Map(String, Int64)'
    ) AS revenue_minor
FROM places
GROUP BY group_id, attribute, value
)
