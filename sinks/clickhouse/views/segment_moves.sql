-- How many people were in which segment at the end of one day, and of a later one. 'none': not known yet, or without orders;
-- 'unknown': the masks no longer reach it.
SELECT moves.1 AS dimension, moves.2 AS before, moves.3 AS after, count() AS people
FROM (
    SELECT arrayJoin([
        ('lifecycle', if(earlier.person_id = '', 'none', ifNull(earlier.lifecycle, 'unknown')), ifNull(later.lifecycle, 'unknown')),
        ('stage', if(earlier.person_id = '', 'none', ifNull(earlier.stage, 'unknown')), ifNull(later.stage, 'unknown')),
        ('win_back', if(earlier.person_id = '', 'none', ifNull(toString(earlier.win_back), 'unknown')), ifNull(toString(later.win_back), 'unknown')),
        ('rfm', ifNull(earlier.rfm, 'none'), ifNull(later.rfm, 'none'))
    ]) AS moves
    FROM (SELECT * FROM ${database}.person_segments_at(day = {day:Date})) AS later
    LEFT JOIN (SELECT * FROM ${database}.person_segments_at(day = {since:Date})) AS earlier ON earlier.person_id = later.person_id
)
GROUP BY dimension, before, after
