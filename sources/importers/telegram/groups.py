"""Which chats of Telegram exports are one group: a basic group and the supergroup that it became.

What was imported before keeps its group: later imports of the same chat, or of a chat of the same group, join it.
"""

from collections import defaultdict
from pathlib import Path

from schemas.errors import ConfigError
from sources.chunks import group_fields
from sources.importers.telegram.memory import remember, remembered
from sources.importers.telegram.survey import Chat

#: A group and the supergroup that it became report the change within this many seconds.
_AT_ONCE_S = 60


def name_groups(path: Path, chats: list[Chat], option: str | None, file: Path | None) -> None:
    """Give every chat its group's id, and chats of one group the same names.

    option: the first id of a group. file: where earlier imports stored the groups of chats. Raises `ConfigError`
    when it is unclear which group the option is for.
    """
    told = remembered(file, "groups")["groups"]
    first = {
        new: old
        for new, old in _joined(chats).items()
        if not (new in told and old in told) or told[new] == told[old]  # what landed as two groups stays two
    }
    roots = {str(chat.own): first.get(str(chat.own), str(chat.own)) for chat in chats}
    named = {root: f"telegram:-:{root}" for root in roots.values()}
    for own, root in sorted(roots.items(), key=lambda pair: pair[0] != pair[1]):  # supergroups last: they decide
        if own in told:
            named[root] = told[own]
    if option:
        known = sorted(named)
        wanted = group_fields(option)[1].split(":", 2)[2]
        lost = [str(chat.own) for chat in chats if chat.was and chat.own not in first]
        target = known if len(known) == 1 else [wanted] if wanted in known else lost
        if len(target) > 1 or (known and not target):
            reason = f"{path.name} has {len(known)} groups, but --group can only give the first id of one"
            raise ConfigError(f"{reason} that was a basic group before. Its groups: {', '.join(known[:20])}.")
        named |= dict.fromkeys(target, option)
    together: dict[str, dict[str, str | None]] = defaultdict(dict)
    for chat in chats:
        chat.group_id = named[roots[str(chat.own)]]
        names = together[chat.group_id]
        for name, member in chat.names.items():
            names[name] = member if names.get(name, member) == member else None
        chat.names = names


def keep_groups(chats: list[Chat], file: Path | None) -> None:
    """Remember the groups of chats that have been imported."""
    told = remembered(file, "groups")["groups"]
    remember(file, groups=told | {str(chat.own): chat.group_id for chat in chats})


def _joined(chats: list[Chat]) -> dict[str, str]:
    """Supergroups and the basic groups that they were, where the file has both and the match is unambiguous."""
    pairs = [
        (str(new.own), str(old.own))
        for new in chats
        for old in chats
        if new.was and old.became and new.was.actor == old.became.actor and new.was.title == old.became.title
        and abs(new.was.at - old.became.at) <= _AT_ONCE_S
    ]  # fmt: skip
    news, olds = [new for new, _ in pairs], [old for _, old in pairs]
    return {new: old for new, old in pairs if news.count(new) == olds.count(old) == 1}
