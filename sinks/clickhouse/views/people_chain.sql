-- Which checkpoints of the people agent count, in the epoch in use: by share and term (the share's number << 32, then the term)
-- the last sequence.
SELECT
    any(used.epoch) AS epoch, groupArrayArray(arrayMap(term -> bitShiftLeft(toUInt64(partition), 32) + term, newest.1)) AS terms,
    groupArrayArray(arrayMap(last -> toInt64(last), newest.2)) AS lasts
FROM (
    SELECT topic, partition, epoch, argMax((chains.terms, chains.lasts), version) AS newest
    FROM ${database}.people_chains AS chains
    GROUP BY topic, partition, epoch
) AS chains
INNER JOIN (
    SELECT max(rows.epoch) AS epoch FROM ${database}.epochs AS rows WHERE ready = 1 AND contract = 'people.shards'
) AS used ON used.epoch = chains.epoch
