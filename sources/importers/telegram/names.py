"""Who bears a name in a group of a Telegram export, where a service message shows no id.

Ids found for names, and what was told of people known by name only, are remembered from one import to the next: an
export of August and one of September are of the same people. Names are remembered as hashes.
"""

from pathlib import Path
from typing import Any, NamedTuple

from sources.importers.ids import event_id
from sources.importers.telegram.memory import remember, remembered


class Named(NamedTuple):
    """Who a name stands for: `id` is the member's, or `by_name`, which is made from the name alone."""

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
        """Whom an event is about that shows a name alone; None for deleted accounts, which have none.

        Who was told by another name when the event was imported before keeps the id made from that.
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
        """Remember how somebody came or left of whom the id is not known, to tell it again when it is."""
        self._stories.setdefault(who.by_name, {}).update(story)

    def found(self) -> list[tuple[Named, dict[str, Any]]]:
        """Of whom earlier exports told by name, while the id is known now; and what they told."""
        named = ((self._by_name(name), member) for name, member in self._seen.items() if member)
        return [
            (Named(member, by_name), self._stories[by_name])
            for by_name, member in named
            if by_name in self._stories and self._ids.get(by_name, member) == member
        ]

    def keep(self) -> None:
        """Remember what this export has told; a name that goes with another id in another export is nobody's."""
        for name, member in self._seen.items():
            by_name = self._by_name(name)
            self._ids[by_name] = member if self._ids.get(by_name, member) == member else None
        remember(self._file, ids=self._ids, told=self._told, stories=self._stories)

    def _by_name(self, name: str) -> str:
        return f"name:{event_id(self._root, name)}"
