"""The contract in a second hand: fields written down from its text, and records it must accept or refuse."""

import json
from typing import Any

import pytest
from pydantic import BaseModel

from schemas.errors import InvalidEventError
from schemas.fields import MAX_VALUE_BYTES
from schemas.topics import INPUT_TOPICS, TOPICS
from schemas.validate import validate

#: type -> (required fields, fields that may be absent), beyond the envelope and `type`.
CHAT = {
    "message": (
        "platform group_id member_id message_id kind",
        "text text_len link_count link_ids reply_to_message_id reply_to_member_id mentions mentions_all room_id "
        "thread_id campaign_id call_id question feature_version",
    ),
    "edit": ("platform group_id member_id message_id", "text link_count link_ids"),
    "recall": ("platform group_id message_id", "member_id actor_id"),
    "reaction": ("platform group_id member_id message_id", "to_member_id emoji removed"),
    "read": ("platform group_id member_id count", ""),
    "join": ("platform group_id member_id", "inviter_id source channel campaign_id link_id"),
    "leave": ("platform group_id member_id", "reason actor_id"),
    "roster": ("platform group_id member_id snapshot_id", "joined_at_ms inviter_id source role nickname"),
    "roster_end": ("platform group_id snapshot_id complete", "count"),
    "profile": ("platform group_id member_id", "role nickname attributes"),
    "group": ("platform group_id", "name created_at_ms owner_id status member_count tags aliases"),
    "tick": ("", "source_id"),
    "heartbeat": ("platform group_id source_id healthy", ""),
    "call": ("platform group_id call_id kind", "series_id variant message_id window_h campaign_id link_ids holdout"),
}
PRODUCT = {
    "signup": ("user_id", "app_id referrer_user_id referral_code campaign_id channel"),
    "trial": ("user_id", "app_id product_id campaign_id referrer_user_id"),
    "open": ("user_id", "app_id content_id"),
    "view": ("user_id", "app_id content_id"),
    "click": ("user_id", "app_id link_id campaign_id channel group_id sharer_user_id call_id"),
    "share": ("user_id target", "app_id link_id group_id campaign_id"),
    "purchase": (
        "user_id order_id amount_minor currency",
        "app_id product_id items cost_minor campaign_id group_id payment_fingerprint device_fingerprint ip_hash",
    ),
    "refund": ("user_id order_id refund_id amount_minor currency", "app_id"),
    "contact": ("user_id operator_id purpose outcome", "app_id group_id depth"),
    "custom": ("user_id name", "app_id value"),
    "tick": ("", ""),
}
LINKS = {"link": ("account_id user_id source", "unlink"), "tick": ("", "")}
COSTS = {"cost": ("campaign_id kind amount_minor currency", "channel group_id operator_id")}
_AMOUNTS = "minimum_minor cap_order_minor cap_person_minor cap_month_minor minimum_payout_minor"
REWARDS = {
    "plan": (
        "plan_id valid_from_ms goal",
        f"valid_to_ms share_bp fixed_minor currency who product_ids first_order_only {_AMOUNTS} hold_days earn_days "
        "stay_days deadline_ms tiers",
    ),
    "code": ("referral_code referrer_user_id", "plan_id"),
    "adjustment": (
        "adjustment_id referrer_user_id reason actor_id",
        "referred_user_id order_id amount_minor currency new_referrer_user_id",
    ),
    "review": ("referrer_user_id decision reason actor_id", "case_id"),
    "payout": ("payout_id referrer_user_id amount_minor currency status period_end_ms", ""),
    "tick": ("", ""),
}
CONTRACT = {
    "chat.events": CHAT, "product.events": PRODUCT, "identity.links": LINKS, "campaign.costs": COSTS,
    "rewards": REWARDS,
}  # fmt: skip

MESSAGE: dict[str, Any] = {
    "event_id": "e1", "type": "message", "ts_ms": 1_700_000_000_000, "platform": "irc", "group_id": "irc:-:#a",
    "member_id": "ann", "message_id": "m1", "kind": "text",
}  # fmt: skip
PURCHASE: dict[str, Any] = {
    "event_id": "e2", "type": "purchase", "ts_ms": 1_700_000_000_000, "user_id": "u1", "order_id": "o1",
    "amount_minor": 1999, "currency": "CNY",
}  # fmt: skip
_REWARD: dict[str, Any] = {"event_id": "r", "ts_ms": 1_700_000_000_000}
PLAN = _REWARD | {"type": "plan", "plan_id": "p", "valid_from_ms": 0, "goal": "purchase", "share_bp": 1_000}
ADJUSTMENT = _REWARD | {
    "type": "adjustment", "adjustment_id": "a", "referrer_user_id": "u", "amount_minor": -99, "currency": "EUR",
    "reason": "double", "actor_id": "op",
}  # fmt: skip


def _without(record: dict[str, Any], *names: str) -> dict[str, Any]:
    return {key: value for key, value in record.items() if key not in names}


def _type(event: type[BaseModel]) -> str:
    return str(event.model_fields["type"].annotation.__args__[0])  # type: ignore[union-attr]


@pytest.mark.parametrize("topic", CONTRACT)
def test_every_type_has_the_contract_s_fields(topic: str) -> None:
    models = {_type(event): event for event in INPUT_TOPICS[topic].events}
    assert models.keys() == CONTRACT[topic].keys()
    for name, (required, optional) in CONTRACT[topic].items():
        fields = models[name].model_fields
        must = {field for field, info in fields.items() if info.is_required()} - {"type"}
        assert must == {"event_id", "ts_ms", *required.split()}, name
        assert fields.keys() - must - {"type"} == {"schema_version", "source_id", *optional.split()} - must, name


def test_keys_and_partition_groups() -> None:
    assert {spec.name: spec.key for spec in TOPICS if spec.events} == {
        "chat.events": "group_id", "product.events": "user_id", "identity.links": "account_id",
        "campaign.costs": "campaign_id", "operations": "subject", "rewards": "referrer_user_id or plan_id",
    }  # fmt: skip
    person = {spec.name for spec in TOPICS if spec.co_partitioned == "person"}
    assert person == {"product.events", "identity.links"}


@pytest.mark.parametrize(
    ("field", "values"),
    {
        "platform": "wecom wechat qq telegram discord slack whatsapp dingtalk feishu line irc zulip other",
        "kind": "text image voice video file link miniprogram redpacket poll system other",
    }.items(),
)
def test_closed_lists_are_the_contract_s(field: str, values: str) -> None:
    message = next(event for event in INPUT_TOPICS["chat.events"].events if _type(event) == "message")
    assert list(message.model_fields[field].annotation.__args__) == values.split()  # type: ignore[union-attr]


ACCEPTED: dict[str, tuple[str, dict[str, Any]]] = {
    "plain": ("chat.events", MESSAGE),
    "unknown field": ("chat.events", MESSAGE | {"colour": {"deep": [1]}}),
    "null is absent": ("chat.events", MESSAGE | {"text": None, "link_count": None, "mentions": None}),
    "longest id": ("chat.events", MESSAGE | {"member_id": "成" * 128}),
    "earliest time": ("chat.events", MESSAGE | {"ts_ms": 946_684_800_000}),
    "tick": ("chat.events", {"event_id": "t", "type": "tick", "ts_ms": 1_700_000_000_000}),
    "purchase": ("product.events", PURCHASE),
    "largest amount": ("product.events", PURCHASE | {"amount_minor": 2**63 - 1}),
    "link without type": (
        "identity.links",
        {"event_id": "l", "ts_ms": 1_700_000_000_000, "account_id": "a", "user_id": "u", "source": "login"},
    ),
    "declared campaign": (
        "campaign.costs",
        {"event_id": "c", "ts_ms": 1_700_000_000_000, "campaign_id": "-", "kind": "none", "amount_minor": 0,
         "currency": "EUR"},
    ),
    "held out": (
        "chat.events",
        _without(MESSAGE, "message_id") | {"type": "call", "call_id": "c", "kind": "poll", "holdout": True},
    ),
    "share of an order": ("rewards", PLAN | {"share_bp": 10_000, "hold_days": 0, "who": ["teacher"]}),
    "fixed sum": (
        "rewards", _without(PLAN, "share_bp") | {"goal": "invite", "fixed_minor": 0, "currency": "EUR",
                                                 "tiers": {"3": "mug", "10": "a month free"}},
    ),
    "code": ("rewards", _REWARD | {"type": "code", "referral_code": "ANN", "referrer_user_id": "u"}),
    "correction": ("rewards", ADJUSTMENT | {"order_id": "o1"}),
    "other referrer": (
        "rewards",
        _without(ADJUSTMENT, "amount_minor", "currency") | {"new_referrer_user_id": "v", "referred_user_id": "w"},
    ),
    "other referrer of an order": (
        "rewards", _without(ADJUSTMENT, "amount_minor", "currency") | {"new_referrer_user_id": "v", "order_id": "o"},
    ),
    "review": (
        "rewards",
        _REWARD | {"type": "review", "referrer_user_id": "u", "decision": "void", "reason": "ring", "actor_id": "op"},
    ),
    "payout": (
        "rewards",
        _REWARD | {"type": "payout", "payout_id": "p", "referrer_user_id": "u", "amount_minor": 5, "currency": "EUR",
                   "status": "created", "period_end_ms": 1_700_000_000_000},
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", ACCEPTED)
def test_accepted(case: str) -> None:
    topic, record = ACCEPTED[case]
    event = validate(topic, json.dumps(record).encode()).model_dump()
    assert {key: event[key] for key in record if key in event and record[key] is not None} == {
        key: value for key, value in record.items() if key in event and value is not None
    }
    assert "colour" not in event


def _with(**changes: Any) -> bytes:
    return json.dumps(MESSAGE | changes).encode()


def _lacking(field: str) -> bytes:
    return json.dumps(_without(MESSAGE, field)).encode()


REFUSED: dict[str, tuple[bytes | None, str, str]] = {
    "tombstone": (None, "empty", "no value"),
    "no bytes": (b"", "empty", "no value"),
    "2 MB": (_with(text="x" * 2 * MAX_VALUE_BYTES), "too_large", "limit"),
    "not UTF-8": (_with().replace(b"ann", b"a\xffn"), "invalid_utf8", "not UTF-8"),
    "lone surrogate": (_with().replace(b"ann", b"\\ud800"), "invalid_utf8", "surrogate"),
    "half an object": (_with()[:-1], "invalid_json", ""),
    "two objects": (_with() * 2, "invalid_json", ""),
    "a list": (b"[1]", "invalid_json", "expected an object"),
    "deep nesting": (b"[" * 100_000, "too_deep", "128"),
    "NaN": (_with(text_len=float("nan")), "invalid_json", "NaN"),
    "infinity": (_with(text_len=float("inf")), "invalid_json", "Infinity"),
    "no type": (_lacking("type"), "missing", "type"),
    "unknown type": (_with(type="shout"), "unknown_type", "shout"),
    "type is a list": (_with(type=["message"]), "unknown_type", "type"),
    "product type in a chat topic": (json.dumps(PURCHASE).encode(), "unknown_type", "purchase"),
    "no member": (_lacking("member_id"), "missing", "member_id"),
    "null member": (_with(member_id=None), "missing", "member_id"),
    "number as id": (_with(member_id=7), "invalid_field", "member_id"),
    "empty id": (_with(member_id=""), "invalid_field", "member_id"),
    "long id": (_with(member_id="a" * 129), "invalid_field", "member_id"),
    "control character in an id": (_with(member_id="a\nb"), "invalid_field", "member_id"),
    "control character at the end": (_with(member_id="ab\n"), "invalid_field", "member_id"),
    "C1 control character": (_with(member_id="a\x85b"), "invalid_field", "member_id"),
    "unknown platform": (_with(platform="icq"), "invalid_field", "platform"),
    "text as number": (_with(text_len="12"), "invalid_field", "text_len"),
    "negative count": (_with(text_len=-1), "invalid_field", "text_len"),
    "huge integer": (_with(text_len=10**400), "invalid_field", "text_len"),
    "fraction as count": (_with(text_len=1.5), "invalid_field", "text_len"),
    "boolean as count": (_with(text_len=True), "invalid_field", "text_len"),
    "number as boolean": (_with(mentions_all=1), "invalid_field", "mentions_all"),
    "bad id in a list": (_with(mentions=["ann", ""]), "invalid_field", "mentions.1"),
    "string as list": (_with(mentions="ann"), "invalid_field", "mentions"),
    "before 2000": (_with(ts_ms=946_684_799_999), "invalid_field", "ts_ms"),
    "time as text": (_with(ts_ms="1700000000000"), "invalid_field", "ts_ms"),
    "later contract": (_with(schema_version=2), "invalid_field", "schema_version"),
    "the same key twice": (_with()[:-1] + b', "member_id": "bob"}', "duplicate_key", "member_id"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_refused_with_kind_and_reason(case: str) -> None:
    value, kind, reason = REFUSED[case]
    with pytest.raises(InvalidEventError) as caught:
        validate("chat.events", value)
    assert caught.value.kind == kind
    assert reason in caught.value.reason


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"amount_minor": -1}, "amount_minor"),
        ({"amount_minor": 2**63}, "amount_minor"),
        ({"currency": "cny"}, "currency"),
        ({"items": 0}, "items"),
    ],
)
def test_refused_money(change: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidEventError, match=field):
        validate("product.events", json.dumps(PURCHASE | change).encode())


def test_event_time_may_be_an_hour_ahead_of_the_record() -> None:
    now = MESSAGE["ts_ms"] - 3_600_000
    validate("chat.events", _with(), now)
    with pytest.raises(InvalidEventError, match="ts_ms"):
        validate("chat.events", _with(), now - 1)


REFUSED_REWARDS: dict[str, tuple[dict[str, Any], str]] = {
    "neither share nor sum": (_without(PLAN, "share_bp"), "exactly one of share_bp and fixed_minor"),
    "share and sum": (PLAN | {"fixed_minor": 5, "currency": "EUR"}, "exactly one of share_bp and fixed_minor"),
    "sum without currency": (_without(PLAN, "share_bp") | {"fixed_minor": 5}, "fixed_minor needs currency"),
    "more than all": (PLAN | {"share_bp": 10_001}, "share_bp"),
    "negative share": (PLAN | {"share_bp": -1}, "share_bp"),
    "negative hold": (PLAN | {"hold_days": -1}, "hold_days"),
    "negative cap": (PLAN | {"cap_month_minor": -1}, "cap_month_minor"),
    "a tier that is no number": (PLAN | {"tiers": {"three": "mug"}}, "tiers"),
    "tier 0": (PLAN | {"tiers": {"0": "mug"}}, "tiers"),
    "a prize without a name": (PLAN | {"tiers": {"3": ""}}, "tiers"),
    "no reason": (_without(ADJUSTMENT, "reason"), "reason"),
    "empty reason": (ADJUSTMENT | {"reason": ""}, "reason"),
    "nothing adjusted": (_without(ADJUSTMENT, "amount_minor"), "exactly one of amount_minor and new_referrer_user_id"),
    "both adjusted": (ADJUSTMENT | {"new_referrer_user_id": "v", "referred_user_id": "w"}, "exactly one of"),
    "amount without currency": (_without(ADJUSTMENT, "currency"), "amount_minor needs currency"),
    "another referrer of nobody": (
        _without(ADJUSTMENT, "amount_minor") | {"new_referrer_user_id": "v"},
        "new_referrer_user_id needs referred_user_id or order_id",
    ),
    "review without a reason": (
        _REWARD | {"type": "review", "referrer_user_id": "u", "decision": "void", "actor_id": "op"}, "reason",
    ),
    "negative payout": (
        _REWARD | {"type": "payout", "payout_id": "p", "referrer_user_id": "u", "amount_minor": -5, "currency": "EUR",
                   "status": "created", "period_end_ms": 0}, "amount_minor",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED_REWARDS)
def test_refused_rewards(case: str) -> None:
    record, reason = REFUSED_REWARDS[case]
    with pytest.raises(InvalidEventError) as caught:
        validate("rewards", json.dumps(record).encode())
    assert reason in caught.value.reason


def test_a_reward_without_a_type_is_refused() -> None:
    with pytest.raises(InvalidEventError, match="type"):
        validate("rewards", json.dumps(_without(PLAN, "type")).encode())


def test_the_key_of_a_plan_is_its_own_that_of_all_else_the_referrer() -> None:
    spec = INPUT_TOPICS["rewards"]
    code = ACCEPTED["code"][1] | {"plan_id": "p"}
    assert [spec.key_of(event) for event in (PLAN, code, ADJUSTMENT)] == ["p", "u", "u"]
    with pytest.raises(KeyError):
        spec.key_of({"referral_code": "ANN"})
