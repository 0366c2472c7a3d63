"""`product.events` (key `user_id`), `identity.links` (key `account_id`) and `campaign.costs` (key `campaign_id`)."""

from typing import Annotated, Literal

from pydantic import Field

from schemas.fields import Currency, Envelope, Id, MinorUnits, Number


class ProductEvent(Envelope):
    """Something one user did in the product; `user_id` may be `anon:<id>` before login."""

    user_id: Id
    app_id: Id | None = None


class Signup(ProductEvent):
    """A user signed up."""

    type: Literal["signup"]
    referrer_user_id: Id | None = None
    referral_code: Id | None = None
    campaign_id: Id | None = None
    channel: Id | None = None


class Trial(ProductEvent):
    """A user began a trial."""

    type: Literal["trial"]
    product_id: Id | None = None
    campaign_id: Id | None = None
    referrer_user_id: Id | None = None


class Open(ProductEvent):
    """A user opened the product."""

    type: Literal["open"]
    content_id: Id | None = None


class View(ProductEvent):
    """A user looked at something."""

    type: Literal["view"]
    content_id: Id | None = None


class Click(ProductEvent):
    """A user followed a link."""

    type: Literal["click"]
    link_id: Id | None = None
    campaign_id: Id | None = None
    channel: Id | None = None
    group_id: Id | None = None
    sharer_user_id: Id | None = None
    call_id: Id | None = None


class Share(ProductEvent):
    """A user shared a link."""

    type: Literal["share"]
    link_id: Id | None = None
    target: Literal["group", "moments", "direct", "other"]
    group_id: Id | None = None
    campaign_id: Id | None = None


class Purchase(ProductEvent):
    """An order was paid."""

    type: Literal["purchase"]
    order_id: Id
    amount_minor: MinorUnits
    currency: Currency
    product_id: Id | None = None
    items: Annotated[int, Field(ge=1, le=2**31 - 1)] = 1
    cost_minor: MinorUnits | None = None
    campaign_id: Id | None = None
    group_id: Id | None = None
    payment_fingerprint: Id | None = None
    device_fingerprint: Id | None = None
    ip_hash: Id | None = None


class Refund(ProductEvent):
    """Money of an order went back."""

    type: Literal["refund"]
    order_id: Id
    refund_id: Id
    amount_minor: MinorUnits
    currency: Currency


class Contact(ProductEvent):
    """An operator reached out; `user_id` and key are the account's `account_id` while it is unlinked."""

    type: Literal["contact"]
    operator_id: Id
    group_id: Id | None = None
    purpose: Literal["onboarding", "sales", "research", "support", "winback"]
    outcome: Literal["reached", "no_answer", "refused"]
    depth: Literal["short", "deep"] | None = None


class Custom(ProductEvent):
    """Any other event; its name can be configured as a conversion goal."""

    type: Literal["custom"]
    name: Id
    value: Number | None = None


class ProductTick(Envelope):
    """Moves the time of its partition when input pauses."""

    type: Literal["tick"]


class IdentityLink(Envelope):
    """An account belongs to a user, or no longer does."""

    type: Literal["link"] = "link"
    account_id: Id
    user_id: Id
    source: Literal["login", "phone", "unionid", "operator", "import"]
    unlink: bool = False


class CampaignCost(Envelope):
    """What a campaign cost; kind `none` with amount 0 declares a campaign (`-`: none) and its channel."""

    type: Literal["cost"] = "cost"
    campaign_id: Id
    channel: Id | None = None
    group_id: Id | None = None
    operator_id: Id | None = None
    kind: Literal["ads", "incentive", "commission", "labour", "other", "none"]
    amount_minor: MinorUnits
    currency: Currency


PRODUCT_EVENTS: tuple[type[Envelope], ...] = (
    Signup, Trial, Open, View, Click, Share, Purchase, Refund, Contact, Custom, ProductTick,
)  # fmt: skip
