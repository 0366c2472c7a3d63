-- How many people were in which segment at the end of one day, and of a later one or now. 'none': not known yet, or without orders;
-- 'unknown': no longer known. Each row is one number until all are counted: the day, by which
-- the newest is the highest, the three kinds, and the points as they are read. `transform` looks a kind up once per dictionary, not per row.
WITH
    ['', 'new', 'engaged', 'fading', 'dormant', 'lost'] AS lifecycles,
    ['', 'acquisition', 'activation', 'retention', 'revenue', 'referral'] AS stages,
    (cell, kind, kinds) -> multiIf(cell = 0, 'none', kind = 1, 'unknown', kinds[kind]) AS named
SELECT moves.1 AS dimension, moves.2 AS before, moves.3 AS after, sum(people) AS people
FROM (
    SELECT
        people,
        arrayJoin([
            ('lifecycle', named(earlier, bitAnd(earlier, 7), lifecycles), named(later, bitAnd(later, 7), lifecycles)),
            ('stage', named(earlier, bitAnd(bitShiftRight(earlier, 3), 7), stages), named(later, bitAnd(bitShiftRight(later, 3), 7), stages)),
            ('win_back', named(earlier, bitAnd(bitShiftRight(earlier, 6), 3), ['', '0', '1']), named(later, bitAnd(bitShiftRight(later, 6), 3), ['', '0', '1'])),
            ('rfm', if(earlier < 256, 'none', toString(bitShiftRight(earlier, 8))), if(later < 256, 'none', toString(bitShiftRight(later, 8))))
        ]) AS moves
    FROM (
        SELECT earlier, later, count() AS people
        FROM (
            SELECT bitAnd(maxIf(dated, NOT is_later), 0xFFFFFFFF) AS earlier, bitAnd(maxIf(dated, is_later), 0xFFFFFFFF) AS later
            FROM (
                SELECT
                    cityHash64(person_id) AS person, is_later,
                    bitShiftLeft(toUInt64(toUInt16(day)), 32) + if(known, toUInt32(
                        transform(lifecycle, lifecycles, arrayEnumerate(lifecycles), 0)
                        + 8 * transform(stage, stages, arrayEnumerate(stages), 0) + 64 * (win_back + 2)
                        + 256 * (100 * recency + 10 * frequency + monetary)
                    ), 0) AS dated
                FROM (
                    SELECT person_id, day, lifecycle, stage, win_back, recency, frequency, monetary, known, 1 AS is_later
                    FROM ${database}.segment_rows${at}
                    UNION ALL
                    SELECT person_id, day, lifecycle, stage, win_back, recency, frequency, monetary, known, 0 AS is_later
                    FROM ${database}.segment_rows_at(day = {since:Date})
                )
            )
            GROUP BY person
        )
        WHERE later != 0
        GROUP BY earlier, later
    )
)
GROUP BY dimension, before, after
