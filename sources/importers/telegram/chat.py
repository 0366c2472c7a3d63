"""The events of one group in a Telegram export, told by its messages in order of time."""

import heapq
from collections import OrderedDict
from collections.abc import Iterator
from typing import Any

from schemas.errors import InvalidEventError
from sources.chunks import Chunk, Problem
from sources.importers.features import features
from sources.importers.records import add_event, whole
from sources.importers.telegram.clock import Clock
from sources.importers.telegram.message import is_channel, kind_of, peer_id, reactions_of, text_of
from sources.importers.telegram.names import Named, Names
from sources.importers.telegram.service import SILENT_ACTIONS, TELLING, Happening, service_events
from sources.importers.telegram.survey import Chat, Numbers

#: Telegram Desktop subtracts this from the ids of messages sent before a group became a supergroup.
MIGRATED = 1_000_000_000
#: For how many earlier messages authors and topics are remembered, to resolve replies.
AUTHORS = 100_000
SILENT = "service messages that do not concern members"
UNKNOWN = "service messages of unknown kinds"
_FIRST_ID = (
    "this supergroup was a basic group before, and the export does not show its old id: if you import that group too, "
    "give its id with --group telegram:-:-NUMBER, or import an export of the whole account"
)


class Telling:
    """One chat, told by its messages. Edits and reactions wait until the messages have reached their time.

    `facts` is what is known of the group, to which more than one chat may belong.
    """

    def __init__(
        self, native: str, chat: Chat, facts: dict[str, Any], names: Names, clock: Clock, keep_text: bool
    ) -> None:
        self._native, self._chat, self._names, self._clock = native, chat, names, clock
        self._keep_text = keep_text
        platform, _, self._root = chat.group_id.split(":", 2)
        own = f"telegram:-:{native}"
        self._first = None if chat.group_id == own else self._root
        self._envelope = {"platform": platform, "group_id": chat.group_id}
        self._facts = facts
        if self._first:
            facts["aliases"] = [own]
        self._answered: OrderedDict[int, tuple[str, str | None]] = OrderedDict()
        self._pending: list[tuple[int, int, int, dict[str, Any]]] = []
        self._newest: tuple[int, str, int] | None = None
        self._pushed = 0
        self._read = Numbers()
        self._nicknames: dict[str, object] = {}
        self._known_now: dict[Named, dict[str, Any]] = dict(names.found())
        self._unnamed = False

    def message(self, chunk: Chunk, line: int, message: dict[str, Any]) -> None:
        """Add the events of one message. Raises `InvalidEventError` when it does not say enough."""
        number, sent_ms = whole(message, "id"), _sent_ms(message)
        if number in self._read:
            chunk.passed_over["messages whose id appeared in the chat before"] += 1
            return
        self._read.add(number)
        self._release(chunk, sent_ms)
        base, message_id = self._place(number)
        self._newest = max(self._newest or (0, "", 0), (sent_ms, base, line))
        if message["type"] == "service":
            events = self._happened(chunk, line, base, sent_ms, message)
        elif number in self._chat.posts or self._member(message.get("from_id")) in self._chat.channels:
            chunk.passed_over["messages of the linked channel (it is not a member)"] += 1
            return
        else:
            events = self._spoken(chunk, number, message_id, sent_ms, message)
        for what, at_ms, fields in events:
            event = {"event_id": base + what, "ts_ms": at_ms or sent_ms} | self._envelope | fields
            if at_ms > sent_ms:
                self._pushed += 1
                heapq.heappush(self._pending, (at_ms, self._pushed, line, event))
            else:
                add_event(chunk, line, event)

    def end(self, chunk: Chunk) -> None:
        """Add what has waited, and what the export as a whole tells about the group and its members."""
        last_ms = max((waiting[0] for waiting in self._pending), default=0)
        self._release(chunk, None)
        if not self._newest:
            chunk.passed_over["groups without messages"] += 1
            return
        at_ms, base, line = max(self._newest, (last_ms, *self._newest[1:]))
        now = {"ts_ms": at_ms} | self._envelope
        add_event(chunk, line, {"event_id": f"{base}:group"} | now | self._facts)
        for member, name in self._nicknames.items():
            if isinstance(name, str) and name:
                nickname = {"type": "profile", "member_id": member, "nickname": name}
                add_event(chunk, line, {"event_id": f"{base}:name:{member}"} | now | nickname)
        for who, story in self._known_now.items():
            self._tell_again(chunk, line, who, story)
            alias = {"type": "profile", "member_id": who.by_name, "role": "alias"}
            add_event(chunk, line, {"event_id": f"telegram:{self._root}:{who.by_name}:known"} | now | alias)

    def _tell_again(self, chunk: Chunk, line: int, who: Named, story: dict[str, Any]) -> None:
        """How somebody joined and left, as an earlier import told it by name alone: those events belong to the name."""
        told = {
            "came": _came(story["came_ms"], story, self._root) if "came_ms" in story else None,
            "left": {"type": "leave", "reason": "unknown", "ts_ms": story["left_ms"]} if "left_ms" in story else None,
        }
        for what, fields in told.items():
            if fields:
                id_ = f"telegram:{self._root}:{who.by_name}:{what}"
                add_event(chunk, line, {"event_id": id_, "member_id": who.id} | fields | self._envelope)

    def _release(self, chunk: Chunk, until_ms: int | None) -> None:
        while self._pending and (until_ms is None or self._pending[0][0] <= until_ms):
            _, _, line, event = heapq.heappop(self._pending)
            add_event(chunk, line, event)

    def _place(self, number: int) -> tuple[str, str]:
        """The beginning of event ids, and the message id, of one message.

        Message ids are those of the group's first id; those of an alias begin with the alias. If the supergroup was
        imported first, earlier messages are numbered as in its own exports.
        """
        if self._first and is_channel(self._root) and not is_channel(self._native):
            return f"telegram:{self._root}:{number - MIGRATED}", str(number - MIGRATED)
        native, prefix = self._native, f"{self._native}:" if self._first else ""
        if self._first and number < 0:
            native, prefix, number = self._first, "", number + MIGRATED
        return f"telegram:{native}:{number}", f"{prefix}{number}"

    def _member(self, peer: object) -> str | None:
        """The id of a peer; for the group itself, in whose name administrators may speak, its native id."""
        member = peer_id(peer)
        return self._root if member == self._native else member

    def _happened(
        self, chunk: Chunk, line: int, base: str, sent_ms: int, message: dict[str, Any]
    ) -> Iterator[Happening]:
        """The events of a service message; what it tells by name alone may have to be told again later."""
        action = str(message.get("action"))
        if action == "migrate_from_group" and not self._first:
            chunk.problems.append(Problem(line, "first_id", _FIRST_ID))
        if action not in TELLING:
            named = action if action.isidentifier() and len(action) < 40 else "no name"
            chunk.passed_over[SILENT if action in SILENT_ACTIONS else f"{UNKNOWN} ({named})"] += 1
            return
        found: dict[str, tuple[Named, object]] = {}

        def find(name: object, what: str) -> Named | None:
            who = self._names.find(name, base + what)
            if who:
                found[what] = who, name
            return who

        actor = self._member(message.get("actor_id"))
        for what, at_ms, fields in service_events(message, actor, self._root, find, self._facts):
            yield what, at_ms, fields
            if what in found:
                who, name = found[what]
                self._nicknames.setdefault(who.id, name)
                if who.known:  # an earlier import may have told it by name alone
                    self._known_now.setdefault(who, {})
                    if fields["type"] == "join":
                        yield f"{what}:came", 0, _came(sent_ms, fields, self._root) | {"member_id": who.id}
                elif fields["type"] == "join":
                    self._names.tell(who, came_ms=sent_ms, source=fields["source"], inviter_id=fields["inviter_id"])
                else:
                    self._names.tell(who, left_ms=sent_ms)
            elif "member_id" in fields:
                self._nicknames[fields["member_id"]] = message.get("actor")

    def _spoken(
        self, chunk: Chunk, number: int, message_id: str, sent_ms: int, message: dict[str, Any]
    ) -> Iterator[Happening]:
        """The message itself, its last edit, and its reactions."""
        author = self._member(message.get("from_id"))
        if author is None:
            raise InvalidEventError("missing", "from_id: expected user, channel or chat and a number")
        if author != self._root:
            self._nicknames[author] = message.get("from")
        elif not self._unnamed:
            self._unnamed = True
            yield ":operator", sent_ms - 1, {"type": "profile", "member_id": author, "role": "operator"}
        text, links, mentions = text_of(message)
        words = features(text) | {"link_count": links} | ({"text": text} if self._keep_text else {})
        fields = {"type": "message", "member_id": author, "message_id": message_id, "kind": kind_of(message, text)}
        answer = self._reply(chunk, message)
        yield "", 0, fields | words | answer | {"mentions": mentions or None}
        self._answered[number] = author, answer.get("room_id")
        if len(self._answered) > AUTHORS:
            self._answered.popitem(last=False)
        reactions = list(reactions_of(message, sent_ms, self._clock))
        edited_ms = whole(message, "edited_unixtime") * 1000 if "edited_unixtime" in message else 0
        if any(abs(reaction.at_ms - edited_ms) <= 1000 for reaction in reactions):  # Telegram marks reactions as edits
            chunk.passed_over["edits at the moment of a reaction (Telegram marks reactions as edits)"] += 1
        elif edited_ms:
            kept = {name: words[name] for name in ("text", "link_count") if name in words}
            edit = {"type": "edit", "member_id": author, "message_id": message_id}
            yield f":edit:{edited_ms // 1000}", edited_ms, edit | kept
        for peer, name, emoji, at_ms in reactions:
            member = self._root if peer == self._native else peer
            if member != self._root:
                self._nicknames[member] = name
            reaction = {"type": "reaction", "member_id": member, "message_id": message_id, "emoji": emoji}
            yield f":reaction:{member}:{emoji}", at_ms, reaction | {"to_member_id": author}

    def _reply(self, chunk: Chunk, message: dict[str, Any]) -> dict[str, Any]:
        """Whom and what a message replies to.

        What answers the beginning of a topic stands in that topic (`room_id`), a comment on a post of the linked
        channel below that post (`thread_id`); neither is a reply. What answers a message that the export does not have
        may be either, and counts as none.
        """
        if "reply_to_message_id" not in message:
            return {}
        number = whole(message, "reply_to_message_id")
        message_id = self._place(number)[1]
        if "reply_to_peer_id" in message or number not in self._chat.seen:
            chunk.passed_over["answers to messages outside the export (the messages themselves count)"] += 1
            return {}
        if number in self._chat.topics:
            return {"room_id": message_id}
        if number in self._chat.posts:
            return {"thread_id": message_id}
        member, room = self._answered.get(number, (None, None))
        return {"reply_to_message_id": message_id, "reply_to_member_id": member, "room_id": room}


def _came(at_ms: int, join: dict[str, Any], root: str) -> dict[str, Any]:
    """How somebody joined, as a row of a member list, so that it does not count as another join."""
    return {"type": "roster", "ts_ms": at_ms, "joined_at_ms": at_ms, "snapshot_id": f"names:{root}"} | {
        name: join.get(name) for name in ("source", "inviter_id")
    }


def _sent_ms(message: dict[str, Any]) -> int:
    if message.get("type") not in ("message", "service"):
        raise InvalidEventError(
            "unsupported", f"type: {message.get('type')!r} is neither a message nor a service message"
        )
    if "date_unixtime" not in message and "date" in message:
        raise InvalidEventError("missing", "date_unixtime: export again with Telegram Desktop of 2022 or later")
    return whole(message, "date_unixtime") * 1000
