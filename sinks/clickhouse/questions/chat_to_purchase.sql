-- Did the talk turn into results? Credits of the last 28 days' conversions, as the people agent landed them by day.
WITH assumeNotNull((SELECT today FROM ${database}.people_clock)) AS today
SELECT
    (SELECT now FROM ${database}.people_clock) AS as_of,
    toString(found.goal) AS goal, toString(found.currency) AS currency, toString(found.dimension) AS dimension, found.value AS value,
    toUInt64(sum(found.conversions)) AS conversions, toUInt64(sum(found.direct)) AS direct,
    sum(found.first) / 1000000 AS first, sum(found.last) / 1000000 AS last, sum(found.linear) / 1000000 AS linear,
    sum(found.position) / 1000000 AS position, sum(found.decay) / 1000000 AS decay, sum(found.shapley) / 1000000 AS shapley,
    sum(found.first_minor) AS first_minor, sum(found.last_minor) AS last_minor, sum(found.linear_minor) AS linear_minor,
    sum(found.position_minor) AS position_minor, sum(found.decay_minor) AS decay_minor, sum(found.shapley_minor) AS shapley_minor
FROM ${database}.people_credits_now AS found
WHERE found.day > today - 28 AND found.day <= today
GROUP BY found.goal, found.currency, found.dimension, found.value
