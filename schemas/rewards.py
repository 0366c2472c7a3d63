"""`rewards`: plans that reward referrals, and what operators decide about them (contract 1.1).

The key of a plan is its `plan_id`, that of everything else `referrer_user_id`. Amounts of a plan are in its `currency`;
where it names none, in that of the order.
"""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from schemas.fields import (
    Currency,
    Envelope,
    ExactlyOne,
    Id,
    Milliseconds,
    MinorUnits,
    Needs,
    SignedMinorUnits,
)
from schemas.product import ProductTick

BasisPoints = Annotated[int, Field(ge=0, le=10_000)]
Days = Annotated[int, Field(ge=0, le=36_500)]
_Number = Annotated[str, Field(pattern=r"^[1-9][0-9]{0,8}$")]
Tiers = Annotated[dict[_Number, Id], Field(json_schema_extra={"additionalProperties": False})]


class Plan(Envelope):
    """What is owed for which result: a share of the order, or a fixed sum.

    `goal` is invite, trial, signup, share, purchase, or the name of a custom event. `who` are the tags of the referrers
    whom the plan is for, `product_ids` the products; empty: all. `cap_*` limit what is owed per order, per referred
    person, and per referrer and month; absent: no limit. What is owed is held for `hold_days`. A referral earns for
    `earn_days`; absent: for good. Of invites those count who stay for `stay_days`, and before `deadline_ms`; `tiers`
    maps how many it takes to the prize.
    """

    type: Literal["plan"]
    plan_id: Id
    valid_from_ms: Milliseconds
    valid_to_ms: Milliseconds | None = None
    goal: Id
    share_bp: BasisPoints | None = None
    fixed_minor: MinorUnits | None = None
    currency: Currency | None = None
    who: list[Id] = []
    product_ids: list[Id] = []
    first_order_only: bool = False
    minimum_minor: MinorUnits = 0
    cap_order_minor: MinorUnits | None = None
    cap_person_minor: MinorUnits | None = None
    cap_month_minor: MinorUnits | None = None
    hold_days: Days = 14
    earn_days: Days | None = None
    minimum_payout_minor: MinorUnits = 0
    stay_days: Days = 0
    deadline_ms: Milliseconds | None = None
    tiers: Tiers = {}

    together: ClassVar = (ExactlyOne(("share_bp", "fixed_minor")), Needs("fixed_minor", ("currency",)))


class Reward(Envelope):
    """Something about one referrer."""

    referrer_user_id: Id


class Code(Reward):
    """A referral code belongs to a referrer, for one plan or for all."""

    type: Literal["code"]
    referral_code: Id
    plan_id: Id | None = None


class Adjustment(Reward):
    """A bonus or a correction (`amount_minor` may be negative), or another referrer of a user or an order; and why."""

    type: Literal["adjustment"]
    adjustment_id: Id
    referred_user_id: Id | None = None
    order_id: Id | None = None
    amount_minor: SignedMinorUnits | None = None
    currency: Currency | None = None
    new_referrer_user_id: Id | None = None
    reason: Id
    actor_id: Id

    together: ClassVar = (
        ExactlyOne(("amount_minor", "new_referrer_user_id")), Needs("amount_minor", ("currency",)),
        Needs("new_referrer_user_id", ("referred_user_id", "order_id")),
    )  # fmt: skip


class Review(Reward):
    """What somebody has decided about a referrer, or one case of theirs, and why."""

    type: Literal["review"]
    case_id: Id | None = None
    decision: Literal["release", "void", "trust"]
    reason: Id
    actor_id: Id


class Payout(Reward):
    """Money on its way to a referrer, for what was released up to `period_end_ms`."""

    type: Literal["payout"]
    payout_id: Id
    amount_minor: MinorUnits
    currency: Currency
    status: Literal["created", "paid", "failed"]
    period_end_ms: Milliseconds


REWARD_EVENTS: tuple[type[Envelope], ...] = (Plan, Code, Adjustment, Review, Payout, ProductTick)
