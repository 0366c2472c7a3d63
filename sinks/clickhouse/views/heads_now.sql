-- How far every partition counts for good: the newest vouched head of each, of topics and epochs in use. A topic without any head has one
-- row, of term 0.
SELECT
    contract, topic, epoch, partitions, partition, version, newest.1 AS term, newest.2 AS sequence, newest.3 AS next_offset,
    newest.4 AS begin_offset, newest.5 AS clock_ms, newest.6 AS worker, newest.7 AS vouched_at
FROM (
    SELECT
        contract, topic, epoch, partitions, partition, max(heads.version) AS version,
        argMax((term, sequence, next_offset, begin_offset, clock_ms, worker, vouched_at), heads.version) AS newest
    FROM (
        SELECT contract, epoch, argMin(topic, made) AS topic, argMin(partitions, made) AS partitions
        FROM (SELECT *, (made_at, topic, partitions) AS made FROM ${database}.epochs)
        GROUP BY contract, epoch
        HAVING max(ready) = 1
        ORDER BY epoch DESC
        LIMIT 1 BY contract
    ) AS used
    LEFT JOIN ${database}.heads AS heads USING (topic, epoch)
    GROUP BY contract, topic, epoch, partitions, partition
)
