"""Who has a name in a group of a Telegram export, where a service message shows no id.

Ids found for names, and what was told about people known only by name, are remembered from one import to the next: an
August export and a September one are about the same people. Names are remembered as hashes.
"""

from pathlib import Path
from typing import Any, NamedTuple

from sources.importers.ids import event_id
from sources.importers.telegram.memory import remember, remembered


class Named(NamedTuple):
    """Who a name stands for: `id` is the member's own id, or else `by_name`, which is made from the name alone."""

    id: str
    by_name: str

    @property
    def known(self) -> bool:
        """Whether the member's own id is known."""
        return self.id != self.by_name


class Names:
    """Names in one group: those in this export, then those of earlier imports, which `file` keeps.

    seen: the one id that goes with a name in this export; None where there are several.
    """

    def __init__(self, root: str, seen: dict[str, str | None], file: Path | None) -> None:
        self._root, self._seen, self._file = root, seen, file
        known = remembered(file, "ids", "told", "stories")
        self._ids: dict[str, str | None] = known["ids"]
        self._told: dict[str, str] = known["told"]
        self._stories: dict[str, dict[str, Any]] = known["stories"]

    def find(self, name: object, event: str) -> Named | None:
        """Whom an event is about that shows only a name; None for deleted accounts, which have no name.

        If an earlier import knew the event under another name, the id made from that name is kept.
        """
        if not isinstance(name, str) or not name:
            return None
        own = self._by_name(name)
        by_name = self._told.get(event, own)
        found = self._seen[name] if name in self._seen else self._ids.get(own)
        if not found:
            self._told[event] = by_name
        return Named(found or by_name, by_name)

    def tell(self, who: Named, **story: Any) -> None:
        """Remember how somebody without a known id joined or left, to tell it again once the id is known."""
        self._stories.setdefault(who.by_name, {}).update(story)

    def found(self) -> list[tuple[Named, dict[str, Any]]]:
        """People whom earlier exports told of by name and whose id is known now, with what was told."""
        named = ((self._by_name(name), member) for name, member in self._seen.items() if member)
        return [
            (Named(member, by_name), self._stories[by_name])
            for by_name, member in named
            if by_name in self._stories and self._ids.get(by_name, member) == member
        ]

    def keep(self) -> None:
        """Remember what this export tells; a name that has different ids in different exports belongs to nobody."""
        for name, member in self._seen.items():
            by_name = self._by_name(name)
            self._ids[by_name] = member if self._ids.get(by_name, member) == member else None
        remember(self._file, ids=self._ids, told=self._told, stories=self._stories)

    def _by_name(self, name: str) -> str:
        return f"name:{event_id(self._root, name)}"
