"""Working something out in steps, between which is read by keys what has turned out to be needed."""

from collections.abc import Generator
from typing import Any

from sinks.clickhouse.readers.calls import Request

Steps = Generator[Request, Any, Any]


class Stepwise:
    """What is `wanted` is to be read and given to `answer`, until nothing is wanted any more."""

    _steps: Steps | None = None
    wanted: Request | None = None

    def begin(self, steps: Steps) -> None:
        """Begin to work something out."""
        self._steps = steps
        self.answer(None)

    def answer(self, found: Any) -> None:
        """Take what was `wanted`."""
        assert self._steps is not None
        try:
            self.wanted = self._steps.send(found)
        except StopIteration:
            self._steps = self.wanted = None
