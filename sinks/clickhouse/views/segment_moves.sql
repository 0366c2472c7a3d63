-- How many people were in which segment at the end of one day, and of a later one or now. 'none': not known yet, or without orders;
-- 'unknown': no longer known. Of each person the newest row up to either day counts, by a number whose upper half is its newness and
-- whose lower half is its `cell` (0: not known).
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
            SELECT bitAnd(max(early), 0xFFFFFFFF) AS earlier, bitAnd(max(late), 0xFFFFFFFF) AS later
            FROM (
                SELECT person, 0 AS early, bitShiftLeft(toUInt64(newness), 32) + if(known, cell, 0) AS late
                FROM ${database}.segment_rows${at}
                UNION ALL
                SELECT person, bitShiftLeft(toUInt64(newness), 32) + if(known, cell, 0) AS early, 0 AS late
                FROM ${database}.segment_rows_at(day = {since:Date})
            )
            GROUP BY person
        )
        WHERE later != 0
        GROUP BY earlier, later
    )
)
GROUP BY dimension, before, after
