-- Is each campaign's output stable? One row per campaign and currency, as the people agent landed what they brought and cost.
WITH
    joined AS (
        SELECT value AS campaign_id, any(people) AS people FROM ${database}.people_joins_now WHERE dimension = 'campaign' GROUP BY value
    ),
    money AS (
        SELECT
            campaign_id, currency, sum(buyers) AS buyers, sum(orders) AS orders, sum(net) AS net, sum(goods) AS goods, sum(cost) AS cost
        FROM (
            SELECT
                toString(campaign_id) AS campaign_id, toString(currency) AS currency, bought.buyers AS buyers, bought.orders AS orders,
                net_minor AS net, cost_minor AS goods, 0 AS cost
            FROM ${database}.people_campaign_orders_now AS bought
            UNION ALL
            SELECT toString(campaign_id), toString(currency), 0, 0, 0, 0, spent.cost FROM ${database}.people_costs_now AS spent
        )
        GROUP BY campaign_id, currency
    ),
    counted AS (
        SELECT
            toString(campaigns.campaign_id) AS campaign, nullIf(toString(campaigns.channel), '') AS channel, money.currency AS currency,
            if(campaigns.last_ms > 0, fromUnixTimestamp64Milli(campaigns.first_ms, '${zone}'), NULL) AS first_at,
            if(campaigns.last_ms > 0, fromUnixTimestamp64Milli(campaigns.last_ms, '${zone}'), NULL) AS last_at,
            acts.users AS users, acts.clicked AS clicked, acts.sharers AS sharers, acts.shares AS shares, joined.people AS joined,
            acts.signed_up AS signed_up, money.buyers AS buyers, money.orders AS orders, money.net AS net, money.goods AS goods,
            money.cost AS cost, row_number() OVER (PARTITION BY channel, currency ORDER BY first_at, campaign) AS place
        FROM ${database}.people_campaigns_now AS campaigns
        LEFT JOIN ${database}.people_campaign_acts_now AS acts ON acts.campaign_id = campaigns.campaign_id
        LEFT JOIN joined ON joined.campaign_id = campaigns.campaign_id
        LEFT JOIN money ON money.campaign_id = campaigns.campaign_id
    )
SELECT
    campaign AS campaign_id, CAST(channel, 'Nullable(String)') AS channel, (SELECT now FROM ${database}.people_clock) AS as_of, currency, first_at, last_at,
    toUInt64(users) AS users, toUInt64(clicked) AS clicked, toUInt64(sharers) AS sharers, toUInt64(shares) AS shares,
    toUInt64(joined) AS joined, toUInt64(signed_up) AS signed_up, toUInt64(buyers) AS buyers, toUInt64(orders) AS orders,
    toInt64(net) AS net_minor, toInt64(goods) AS goods_minor, toInt64(cost) AS cost_minor,
    if(buyers > 0, cost / buyers, NULL) AS cac_minor, if(cost > 0, (net - goods - cost) / cost, NULL) AS roi,
    count() OVER (PARTITION BY channel, currency) AS channel_campaigns,
    avg(net) OVER (PARTITION BY channel, currency) AS channel_mean_minor,
    if(channel_campaigns > 1 AND channel_mean_minor != 0,
        stddevSamp(net) OVER (PARTITION BY channel, currency) / channel_mean_minor, NULL) AS channel_variation,
    if(channel_campaigns > 1,
        covarPop(place, net) OVER (PARTITION BY channel, currency) / varPop(place) OVER (PARTITION BY channel, currency),
        NULL) AS channel_trend_minor
FROM counted
