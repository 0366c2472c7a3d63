"""`chat.events`, key `group_id`: what happens in chat groups."""

from typing import Annotated, Literal

from pydantic import Field

from schemas.fields import Count, Envelope, Id, Milliseconds

Platform = Literal[
    "wecom",
    "wechat",
    "qq",
    "telegram",
    "discord",
    "slack",
    "whatsapp",
    "dingtalk",
    "feishu",
    "line",
    "irc",
    "zulip",
    "other",
]
MessageKind = Literal[
    "text", "image", "voice", "video", "file", "link", "miniprogram", "redpacket", "poll", "system", "other"
]
JoinSource = Literal["invite", "link", "qr", "search", "admin", "unknown"]
LeaveReason = Literal["left", "kicked", "banned", "unknown"]
Role = Literal["member", "operator", "alias", "bot"]
CallKind = Literal["campaign", "poll", "event", "news", "checkin", "redpacket", "lecture", "feedback", "winback"]


class ChatEvent(Envelope):
    """Something in one group; `group_id` is `platform:workspace:native id`."""

    platform: Platform
    group_id: Id


class MemberEvent(ChatEvent):
    """Something about one member of the group.

    A `member_id` that is the group's own native id is the group itself: whoever writes in its name is no member more.
    """

    member_id: Id


class Message(MemberEvent):
    """A message; `text` is turned into features at the door and stored nowhere unless asked for."""

    type: Literal["message"]
    message_id: Id
    kind: MessageKind
    text: str | None = None
    text_len: Count = 0
    link_count: Count = 0
    link_ids: list[Id] = []
    reply_to_message_id: Id | None = None
    reply_to_member_id: Id | None = None
    mentions: list[Id] = []
    mentions_all: bool = False
    room_id: Id | None = None
    thread_id: Id | None = None
    campaign_id: Id | None = None
    call_id: Id | None = None
    question: bool | None = None
    """Derived from the text at the door; where absent, derived from `text`."""
    feature_version: Annotated[int, Field(ge=1, le=2**15)] | None = None
    """Version of the model that derived the features."""


class Edit(MemberEvent):
    """A message was changed; not activity."""

    type: Literal["edit"]
    message_id: Id
    text: str | None = None
    link_count: Count = 0
    link_ids: list[Id] = []


class Recall(ChatEvent):
    """A message was withdrawn or deleted; speaking is not undone."""

    type: Literal["recall"]
    member_id: Id | None = None
    message_id: Id
    actor_id: Id | None = None


class Reaction(MemberEvent):
    """A reaction to a message, or its removal."""

    type: Literal["reaction"]
    message_id: Id
    to_member_id: Id | None = None
    emoji: str | None = None
    removed: bool = False


class Read(MemberEvent):
    """Reading that the platform reports; silent readers are not zombies."""

    type: Literal["read"]
    count: Annotated[int, Field(ge=1, le=2**31 - 1)]


class Join(MemberEvent):
    """A member came in."""

    type: Literal["join"]
    inviter_id: Id | None = None
    source: JoinSource = "unknown"
    channel: Id | None = None
    campaign_id: Id | None = None
    link_id: Id | None = None


class Leave(MemberEvent):
    """A member went out."""

    type: Literal["leave"]
    reason: LeaveReason = "unknown"
    actor_id: Id | None = None


class Roster(MemberEvent):
    """A row of a member list: seeds members who never spoke or joined before collection began.

    `inviter_id` and `source` say how they joined at `joined_at_ms`.
    """

    type: Literal["roster"]
    snapshot_id: Id
    joined_at_ms: Milliseconds | None = None
    inviter_id: Id | None = None
    source: JoinSource = "unknown"
    role: Role = "member"
    nickname: str | None = None


class RosterEnd(ChatEvent):
    """The end of a member list; `complete`: known members absent from it have left."""

    type: Literal["roster_end"]
    snapshot_id: Id
    complete: bool
    count: Count = 0


class Profile(MemberEvent):
    """What is known of a member: role in the group, nickname, attributes such as industry and city."""

    type: Literal["profile"]
    role: Role | None = None
    nickname: str | None = None
    attributes: dict[str, str] = {}


class Group(ChatEvent):
    """What is known of the group itself."""

    type: Literal["group"]
    name: str | None = None
    created_at_ms: Milliseconds | None = None
    owner_id: Id | None = None
    status: Literal["open", "dissolved"] = "open"
    member_count: Count | None = None
    tags: list[Id] = []
    aliases: list[Id] = []


class Heartbeat(ChatEvent):
    """A collector is watching this group; its absence is an outage, not silence."""

    type: Literal["heartbeat"]
    source_id: Id
    healthy: bool


class Call(ChatEvent):
    """An operator calls the group to act; `window_h` is in hours.

    `holdout`: this group is *not* called, for comparison with those that are.
    """

    type: Literal["call"]
    call_id: Id
    kind: CallKind
    series_id: Id | None = None
    variant: Id | None = None
    message_id: Id | None = None
    window_h: Annotated[int, Field(ge=1, le=24 * 365)] = 48
    campaign_id: Id | None = None
    link_ids: list[Id] = []
    holdout: bool = False


class Tick(Envelope):
    """Moves the time of every group of its partition when input pauses."""

    type: Literal["tick"]


CHAT_EVENTS: tuple[type[Envelope], ...] = (
    Message, Edit, Recall, Reaction, Read, Join, Leave, Roster, RosterEnd, Profile, Group, Heartbeat, Call, Tick,
)  # fmt: skip
