-- Every closed day of every group.
SELECT *
FROM ${database}.group_days FINAL
WHERE bitShiftRight(version, 56) = (SELECT epoch FROM ${database}.epoch)
