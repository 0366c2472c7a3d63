-- Messages of every member on every closed day; a correction leaves 0 where there were none after all.
SELECT *
FROM ${database}.member_days FINAL
WHERE bitShiftRight(version, 56) = (SELECT epoch FROM ${database}.epoch) AND messages > 0
