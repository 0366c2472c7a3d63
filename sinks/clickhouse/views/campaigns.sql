-- Campaigns: channel, owner, between when anything named them, and what they cost, one row per currency. The contract has no names of
-- campaigns: their ids are what people call them.
SELECT
    campaigns.campaign_id AS campaign_id,
    campaigns.campaign_id AS name,
    nullIf(campaigns.channel, '') AS channel,
    nullIf(campaigns.owner_id, '') AS owner_id,
    if(last_ms > 0, fromUnixTimestamp64Milli(first_ms, '${zone}'), NULL) AS first_at,
    if(last_ms > 0, fromUnixTimestamp64Milli(last_ms, '${zone}'), NULL) AS last_at,
    nullIf(costs.currency, '') AS currency,
    costs.cost AS cost, costs.ads AS ads, costs.incentive AS incentive, costs.commission AS commission,
    costs.labour AS labour, costs.other AS other
FROM ${database}.people_campaigns_now AS campaigns
LEFT JOIN (
    SELECT
        campaign_id, toString(currency) AS currency, sum(cells.cost) AS cost, sum(cells.ads) AS ads,
        sum(cells.incentive) AS incentive, sum(cells.commission) AS commission, sum(cells.labour) AS labour,
        sum(cells.other) AS other
    FROM ${database}.people_costs_now AS cells
    GROUP BY campaign_id, currency
) AS costs USING campaign_id
