-- Head-pulling or growth? One row per dimension, value and currency, as the people agent landed it.
SELECT
    toString(found.dimension) AS dimension, value, (SELECT now FROM ${database}.people_clock) AS as_of,
    toString(found.currency) AS currency, toUInt64(found.joins) AS joins, toUInt64(found.people) AS people,
    found.invited / found.joins AS invited_share, toUInt64(found.left_1h) AS left_1h, toUInt64(found.left_1d) AS left_1d,
    toUInt64(found.left_7d) AS left_7d, toUInt64(found.joins_7d) AS joins_7d,
    if(found.joins_7d > 0, found.left_of_7d / found.joins_7d, NULL) AS left_7d_share, toUInt64(found.spoke_7d) AS spoke_7d,
    toUInt64(found.effective_7d) AS effective_7d,
    if(found.joins_7d > 0, found.effective_7d / found.joins_7d, NULL) AS effective_7d_share,
    toUInt64(found.joins_30d) AS joins_30d, toUInt64(found.effective_30d) AS effective_30d,
    if(found.joins_30d > 0, found.effective_30d / found.joins_30d, NULL) AS effective_30d_share,
    if(found.joins_30d > 0, found.quality, NULL) AS quality,
    if(found.joins_30d > 0, found.quality_lower, NULL) AS quality_lower, toUInt8(found.joins_30d < 20) AS small,
    toUInt64(found.new_people) AS new_people, toUInt64(found.signed_up_30d) AS signed_up_30d,
    toUInt64(found.bought_30d) AS bought_30d, net_minor
FROM ${database}.people_joins_now AS found
