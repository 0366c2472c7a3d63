"""What reviewers decided about referrers, with who and why."""

# mypy: disable-error-code="no-untyped-call"

from collections import defaultdict

import pyarrow as pa

from analytics.results.holds import Review
from analytics.results.risk import case_number
from streams.people.memory.everybody import Everybody

#: Who decided, and why.
Why = tuple[str, str]


class Reviews:
    """All reviews, of the newest reading of rewards."""

    #: Methods of `PeopleReader` that read them.
    reads = ("rewards",)

    def __init__(self, everybody: Everybody) -> None:
        self._everybody = everybody
        self._rows = list[tuple[Review, Why]]()
        #: Whether any may have come with the newest reading.
        self.changed = False

    def take(self, changed: dict[str, pa.Table]) -> None:
        """Take what was read into memory."""
        table = changed["rewards"]
        self.changed = table.num_rows > 0
        if self.changed:
            users = self._everybody.names.some_codes(table["referrer_user_id"]).tolist()
            self._rows = [
                (
                    Review(user, case_number(row["case_id"]), row["decision"], row["ts_ms"]),
                    (row["actor_id"], row["reason"]),
                )
                for user, row in zip(users, table.to_pylist(), strict=True)
                if row["type"] == "review"
            ]

    def of_persons(self) -> defaultdict[int, dict[Review, Why]]:
        """Reviews by person, with who and why; of equal ones, the first."""
        found = defaultdict[int, dict[Review, Why]](dict)
        for review, why in self._rows:
            person = int(self._everybody.person[review.referrer])
            found[person].setdefault(review._replace(referrer=person), why)
        return found
