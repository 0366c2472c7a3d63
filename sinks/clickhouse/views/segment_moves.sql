-- How many people were in which segment at the end of one day, and of a later one or now. 'none': not known yet, or without orders;
-- 'unknown': no longer known. Of each person the newest row up to either day counts, by a number whose lower 18 bits are its `cell` (0:
-- not known), and whose upper ones its newness. Numbers are small, since as many are kept as there are people.
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
            SELECT toUInt32(bitAnd(max(early), 0x3FFFF)) AS earlier, toUInt32(bitAnd(max(late), 0x3FFFF)) AS later
            FROM (
                SELECT person, toUInt32(0) AS early, bitOr(bitShiftLeft(toUInt64(newness), 18), if(known, cell, 0)) AS late
                FROM ${database}.segment_rows${at}
                UNION ALL
                SELECT person, bitOr(bitShiftLeft(newness, 18), if(known, cell, toUInt32(0))) AS early, toUInt64(0) AS late
                FROM ${database}.segment_rows_at(day = {since:Date})
            )
            GROUP BY person
        )
        WHERE later != 0
        GROUP BY earlier, later
    )
)
GROUP BY dimension, before, after
