"""A family of rows that the people agent lands: what it keeps beside everybody, and what follows from that."""

from typing import Protocol

import pyarrow as pa

from streams.people.memory.everybody import Touched
from streams.people.memory.landed import Landed
from streams.people.memory.now import Now


class Family(Protocol):
    """One family of rows.

    After every reading `take` gets what was read, then `offer` is called; both in the kernels' thread. What is offered
    must be a function of what has been taken and of `now` alone, never of the pieces in which that came: a worker that
    takes over works everything out anew. A key is offered at most once between two flushes.
    """

    @property
    def landed(self) -> tuple[Landed, ...]:
        """What has landed of its tables."""

    @property
    def reads(self) -> tuple[str, ...]:
        """Methods of `PeopleReader` that read what it needs beside memberships, users, acts, links and groups."""

    def take(self, changed: dict[str, pa.Table]) -> None:
        """Take what was read into memory."""

    def offer(self, touched: Touched, now: Now, complete: bool) -> None:
        """Offer the rows of whom it is about; `complete`: of all, and no others are to stay."""
