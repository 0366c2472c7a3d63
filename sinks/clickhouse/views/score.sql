-- The zombie score in use: that of the newest closed day.
SELECT day, horizon, mean, scale, weights, silent, theta, longer, members, returned, auc, brier
FROM ${database}.people_scores FINAL
WHERE (history, day) IN (SELECT history, newest_day FROM ${database}.people_history)
