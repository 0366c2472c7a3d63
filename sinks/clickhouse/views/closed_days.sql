-- What every closed day of a group was.
SELECT *
FROM ${database}.group_days FINAL
WHERE bitShiftRight(version, 56) = (SELECT epoch FROM ${database}.epoch)
