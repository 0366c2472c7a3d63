"""Imports WeCom (企业微信): the decrypted chat archive (会话内容存档) and answers of the group-chat API.

One JSON object per line. Conversations between two people are skipped. Ids are WeCom's own, so that a live feed agrees
with an archive.
"""

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from schemas.errors import ConfigError, InvalidEventError
from schemas.topics import CHAT
from sources.chunks import Chunk, Options, Position, read_lines, too_long
from sources.importers.features import features
from sources.importers.records import add_event, load, name_of, problem, whole
from sources.importers.wecom.roster import ROBOT, add_roster, milliseconds

_KINDS = {
    "text": "text", "markdown": "text", "mixed": "text", "image": "image", "emotion": "image", "voice": "voice",
    "video": "video", "sphfeed": "video", "file": "file", "qydiskfile": "file", "link": "link", "news": "link",
    "docmsg": "link", "weapp": "miniprogram", "redpacket": "redpacket", "external_redpacket": "redpacket",
}  # fmt: skip
_CONSENT = ("agree", "disagree")
#: A vote that begins; taking part in one is not a poll.
_BEGUN = 101
_ALL = re.compile(r"@(?:所有人|all\b)", re.IGNORECASE)
_ENCRYPTED = "the message is still encrypted: decrypt it (DecryptData of WeCom's SDK) and import the result"
_DAY = re.compile(r"\d{4}-\d\d-\d\d")


def read_wecom(path: Path, options: Options, start: Position) -> Iterator[Chunk]:
    """Read one file; lines are independent, and both kinds may be mixed.

    The time of a member list is in the line (`at`, Unix seconds or milliseconds), in `options.at_ms`, or a date in the
    file's name; without any of these the line is a problem. Raises `ConfigError` for a corp that cannot
    be part of a group id.
    """
    if ":" in options.workspace or not options.workspace:
        raise ConfigError(
            f"--workspace {options.workspace!r} cannot be part of a group id: name the corp, or - for none."
        )
    at_ms = _day_ms(path) if options.at_ms is None else options.at_ms
    for begin, lines, end in read_lines(path, start):
        chunk = Chunk(CHAT.name, end)
        for number, line in enumerate(lines, begin.line + 1):
            if line is None:
                chunk.problems.append(too_long(number))
            elif line.strip():
                try:
                    _add(chunk, number, load(line), options, at_ms)
                except InvalidEventError as error:
                    chunk.problems.append(problem(number, error))
        yield chunk


def _answered(chunk: Chunk, line: int, messages: list[Any], options: Options, at_ms: int | None) -> None:
    """An answer of GetChatData as received: its messages, which are encrypted unless their content was put in."""
    if not messages:
        chunk.passed_over["archive answers without messages"] += 1
    for message in messages:
        try:
            _add(chunk, line, message if isinstance(message, dict) else {}, options, at_ms)
        except InvalidEventError as error:
            chunk.problems.append(problem(line, error))


def _day_ms(path: Path) -> int | None:
    named = _DAY.search(path.name)
    try:
        return int(datetime.fromisoformat(named[0]).replace(tzinfo=UTC).timestamp()) * 1000 if named else None
    except ValueError:
        return None


def _add(chunk: Chunk, line: int, data: dict[str, Any], options: Options, at_ms: int | None) -> None:
    if isinstance(data.get("chatdata"), list) and not data.get("errcode"):
        _answered(chunk, line, data["chatdata"], options, at_ms)
    elif "group_chat" in data or "member_list" in data or "errcode" in data:
        add_roster(chunk, line, data, options.workspace, at_ms)
    elif "encrypt_chat_msg" in data and "msgtype" not in data:
        raise InvalidEventError("encrypted", _ENCRYPTED)
    elif "msgid" in data:
        if reason := _passed_over(data):
            chunk.passed_over[reason] += 1
            return
        for event in _said(data, options):
            add_event(chunk, line, event)
    else:
        raise InvalidEventError("invalid_line", "neither an archived message (msgid) nor a group (group_chat)")


def _passed_over(data: dict[str, Any]) -> str | None:
    """Why an archived message says nothing about a group."""
    if data.get("action") == "switch":
        return "changes of company"
    if data.get("msgtype") in _CONSENT:
        return "answers about consent to archiving"
    return None if data.get("roomid") else "messages between two people"


def _said(data: dict[str, Any], options: Options) -> Iterator[dict[str, Any]]:
    """The events of an archived message of a group."""
    kind, sender = data.get("msgtype"), data.get("from")
    base, group_id = f"wecom:{name_of(data, 'msgid')}", f"wecom:{options.workspace}:{name_of(data, 'roomid')}"
    envelope = {"ts_ms": milliseconds(whole(data, "msgtime")), "platform": "wecom", "group_id": group_id}
    if data.get("action") == "recall" or kind == "revoke":
        recalled = _part(data, "revoke").get("pre_msgid")
        yield {"event_id": base, "type": "recall", "message_id": recalled, "actor_id": sender} | envelope
        return
    if isinstance(sender, str) and ROBOT.fullmatch(sender):
        yield {"event_id": f"{base}:bot", "type": "profile", "member_id": sender, "role": "bot"} | envelope
    message = {"event_id": base, "type": "message", "member_id": sender, "message_id": data["msgid"]}
    yield message | envelope | {"kind": _kind(data, kind)} | _words(data, kind, options.keep_text)


def _part(data: dict[str, Any], name: str) -> dict[str, Any]:
    """The value under a name, which should be an object."""
    part = data.get(name)
    return part if isinstance(part, dict) else {}


def _kind(data: dict[str, Any], kind: object) -> str:
    if kind == "vote":
        return "poll" if (_part(data, "vote") or data).get("votetype") == _BEGUN else "other"
    return _KINDS.get(kind, "other") if isinstance(kind, str) else "other"


def _words(data: dict[str, Any], kind: object, keep_text: bool) -> dict[str, Any]:
    text = _text(data, kind)
    words = features(text) | {"mentions_all": bool(_ALL.search(text))}
    items = _part(data, "info").get("item")
    cards = len(items) if kind == "news" and isinstance(items, list) else kind in ("link", "docmsg")
    return words | {"link_count": words["link_count"] + cards} | ({"text": text} if keep_text else {})


def _text(data: dict[str, Any], kind: object) -> str:
    """What a message says in words: text, Markdown, or the texts of a mixed one."""
    match kind:
        case "text":
            text = _part(data, "text").get("content")
        case "markdown":
            text = _part(data, "info").get("content")
        case "mixed":
            items = _part(data, "mixed").get("item")
            text = "\n".join(filter(None, map(_mixed_text, items if isinstance(items, list) else [])))
        case _:
            text = ""
    return text if isinstance(text, str) else ""


def _mixed_text(item: object) -> str:
    """The text of one item of a mixed message, whose content is JSON within JSON."""
    if not isinstance(item, dict) or item.get("type") != "text":
        return ""
    content = item.get("content")
    try:
        words = load(content.encode("utf-8", "surrogatepass")).get("content") if isinstance(content, str) else None
    except InvalidEventError:
        words = content
    return words if isinstance(words, str) else ""
