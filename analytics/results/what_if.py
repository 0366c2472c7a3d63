"""What a group, campaign or channel earns if its figures were others. Pure.

profit = traffic * conversion * ((average order - unit cost) * (1 + repurchases) - CAC). Money is in minor units.
"""

from collections.abc import Iterator
from dataclasses import dataclass, fields, replace


@dataclass(frozen=True)
class Inputs:
    """What profit follows from: people reached; which share of them buys; per order what comes in and what it costs;
    further orders per buyer; what winning one buyer costs."""

    traffic: float
    conversion: float
    average_order: float
    unit_cost: float
    repurchases: float
    cac: float


#: The inputs by name, in the order of the formula.
INPUTS = tuple(field.name for field in fields(Inputs))


@dataclass(frozen=True)
class Sensitivity:
    """The profit if one input alone were lower, or higher, by the same share."""

    input: str
    lower: float
    higher: float


def profit(of: Inputs) -> float:
    """What is earned, minor units; below 0: lost."""
    per_buyer = (of.average_order - of.unit_cost) * (1 + of.repurchases) - of.cac
    return of.traffic * of.conversion * per_buyer


def sensitivities(of: Inputs, share: float = 0.1) -> Iterator[Sensitivity]:
    """The profit with each input changed by a share of itself; nobody converts more than everybody."""
    for name in INPUTS:
        lower, higher = (getattr(of, name) * factor for factor in (1 - share, 1 + share))
        if name == "conversion":
            higher = min(higher, 1.0)
        yield Sensitivity(name, profit(replace(of, **{name: lower})), profit(replace(of, **{name: higher})))
