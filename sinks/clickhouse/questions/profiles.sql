-- Who are they? One row per group, attribute and value, as the people agent landed it.
SELECT
    toString(found.group_id) AS group_id, toString(found.attribute) AS attribute, value,
    active + participant + lurker + newcomer + elsewhere + unobservable + at_risk + zombie AS members,
    active + participant + lurker AS effective,
    toUInt64(found.active) AS active, toUInt64(found.participant) AS participant, toUInt64(found.lurker) AS lurker,
    toUInt64(found.newcomer) AS newcomer, toUInt64(found.elsewhere) AS elsewhere,
    toUInt64(found.unobservable) AS unobservable, toUInt64(found.at_risk) AS at_risk, toUInt64(found.zombie) AS zombie,
    toUInt64(found.payers) AS payers, revenue_minor
FROM ${database}.people_profiles_now AS found
