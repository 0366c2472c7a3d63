"""The tables of people's worker, each with its key."""

from schemas.tables import Table


def _landed(name: str, *key: str) -> Table:
    return Table(name, key, epoch=True)


PEOPLE_TABLES = (
    _landed("people_members", "group_id", "member_id"),
    _landed("people_groups", "group_id"),
    _landed("people_orders", "order_id"),
    _landed("people_payers", "group_id", "currency"),
    _landed("people_activity", "group_id"),
    _landed("people_tiers", "group_id"),
    _landed("people_calls", "group_id", "call_id"),
    _landed("people_call_answers", "group_id", "call_id", "member_id"),
    _landed("people_call_groups", "group_id"),
    _landed("people_across", "person_id", "group_id", "member_id"),
    _landed("people_accounts", "person_id", "account_id"),
    _landed("people_segments", "person_id"),
    _landed("people_contacts", "group_id", "member_id"),
    _landed("people_profiles", "group_id", "attribute", "value"),
    _landed("people_retention", "group_id", "dimension", "value", "n"),
    _landed("people_joins", "dimension", "value", "currency"),
    _landed("people_conversions", "day", "goal", "conversion_id"),
    _landed("people_credits", "day", "goal", "currency", "dimension", "value"),
    _landed("people_referred", "person_id"),
    _landed("people_referrers", "person_id", "currency"),
    _landed("people_risks", "person_id", "rule"),
    _landed("people_campaigns", "campaign_id"),
    _landed("people_campaign_acts", "campaign_id"),
    _landed("people_campaign_orders", "campaign_id", "currency"),
    _landed("people_costs", "campaign_id", "channel", "group_id", "operator_id", "currency"),
    _landed("people_commissions", "referrer_user_id", "goal", "conversion_id"),
    _landed("people_ledger", "referrer_user_id", "day", "kind", "goal", "source_id", "currency", "sequence"),
    _landed("people_balances", "referrer_user_id", "currency"),
    _landed("people_payouts", "payout_id"),
    _landed("people_posted", "ledger"),
    _landed("people_sources", "contract", "number"),
)
