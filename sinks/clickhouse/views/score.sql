-- The zombie score in use on a day: the newest that was fitted. Before there is one, the score is 1 / (2 + idle days), a zombie
-- has been idle for more than four weeks, and every silence is usual.
SELECT
    if(count() > 0, argMax(mean, (day, fitted_at)), [0., 0., 0., 0., 0., 0., 0., 0.]) AS mean,
    if(count() > 0, argMax(scale, (day, fitted_at)), [1., 1., 1., 1., 1., 1., 1., 1.]) AS scale,
    if(count() > 0, argMax(weights, (day, fitted_at)), [0., -1., 0., 0., 0., 0., 0., 0., 0.]) AS weights,
    if(count() > 0, argMax(silent, (day, fitted_at)), [0., -1., 0., 0., 0., 0., 0., 0., 0.]) AS silent,
    if(count() > 0, argMax(theta, (day, fitted_at)), 1 / 30.) AS theta,
    if(count() > 0 AND notEmpty(argMax(longer, (day, fitted_at))), argMax(longer, (day, fitted_at)), arrayWithConstant(129, 1.)) AS longer,
    max(day) AS fitted_on
FROM ${database}.scores AS scores
WHERE day <= ${day} AND notEmpty(scores.silent)
