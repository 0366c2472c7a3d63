"""How a deployment gives credit: its goals, its model, and how long touches count. Needs no library."""

from dataclasses import dataclass

#: Conventions of credit: the first touch; the last; all alike; 40 % to the first and last each, 20 % to those between
#: (two: half each); half as much per half-life of age; all values alike, each over its touches (Shapley on sets).
MODELS = ("first", "last", "linear", "position", "decay", "shapley")
#: What touches are: a join, a click, the source of a sign-up, an answered call, a contact that was reached, and
#: another's click on what the person shared.
KINDS = ("join", "click", "signup", "answer", "contact", "shared")
HOUR_MS = 3_600_000


@dataclass(frozen=True)
class Rules:
    """How credit is given: which kinds of events are conversions (besides purchases, and names of custom ones), the
    model of what is owed, hours for which a touch of each kind counts, most hours before a conversion of each kind
    (others: `lookback_h`), and the half-life of a touch in days."""

    goals: tuple[str, ...] = ("purchase", "signup", "trial", "share")
    model: str = "linear"
    touch_h: tuple[tuple[str, int], ...] = (
        ("join", 720), ("click", 168), ("signup", 720), ("answer", 168), ("contact", 720), ("shared", 24),
    )  # fmt: skip
    goal_h: tuple[tuple[str, int], ...] = ()
    lookback_h: int = 720
    half_life_days: float = 7.0

    def __post_init__(self) -> None:
        if self.model not in MODELS:
            raise ValueError(f"no model of credit is called {self.model!r}: there are {', '.join(MODELS)}")

    def hours(self, goal: str, kind: str) -> int:
        """How many hours a touch of a kind counts before a conversion of a goal."""
        return min(dict(self.touch_h).get(kind, self.lookback_h), dict(self.goal_h).get(goal, self.lookback_h))

    @property
    def half_life_ms(self) -> int:
        """The half-life of a touch's credit."""
        return int(self.half_life_days * 24 * HOUR_MS)


#: What counts unless a deployment says otherwise.
DEFAULT = Rules()
