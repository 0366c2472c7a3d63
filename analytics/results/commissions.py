"""What orders and other goals earn for whoever brought them, in whole minor units. Compiled, pure.

A commission follows from what an order is worth now (`analytics.people.orders`), at the rate of its own plan: a refund
takes back what was earned at that rate, and a full refund everything. Amounts are int64 and never rounded by floats.
"""

# mypy: disable-error-code="no-untyped-def,no-untyped-call,misc"

import numpy as np
from numpy.typing import ArrayLike, NDArray

from analytics.kernels.compiled import kernel
from analytics.results.credit import allocate

Minor = NDArray[np.int64]
#: Basis points of the whole.
WHOLE_BP = 10_000
#: Amounts up to here can be multiplied by basis points.
LARGEST_MINOR = (2**63 - 1) // WHOLE_BP
#: In place of a cap: there is none.
NO_CAP = 2**62


def commission(net: ArrayLike, share_bp: ArrayLike) -> Minor:
    """Share of what each order is worth, rounded down; same shapes.

    Raises `ValueError` for amounts below 0 or beyond `LARGEST_MINOR`, and for shares below 0 or above `WHOLE_BP`.
    """
    amounts, shares = np.asarray(net, np.int64), np.asarray(share_bp, np.int64)
    _check("amounts", amounts, LARGEST_MINOR)
    _check("shares in basis points", shares, WHOLE_BP)
    return np.asarray(amounts * shares // WHOLE_BP)


def earned(net: ArrayLike, share_bp: ArrayLike, fixed_minor: ArrayLike, minimum_minor: ArrayLike = 0) -> Minor:
    """What orders earn: a share, or where `fixed_minor` is not −1 that sum; same shapes.

    An order that is worth nothing, or less than the minimum, earns nothing. It is what is left after refunds that
    counts, so that nobody buys more to reach the minimum and gives it back.
    """
    fixed, counts = np.asarray(fixed_minor, np.int64), (np.asarray(net) > 0) & (np.asarray(net) >= minimum_minor)
    return np.where(counts, np.where(fixed >= 0, fixed, commission(net, share_bp)), 0)


def split(total: int, weights: ArrayLike) -> Minor:
    """A sum shared out in proportion to whole weights, by largest remainder; shape (n,).

    Raises `ValueError` as `allocate` does.
    """
    parts = np.asarray(weights, np.int64)
    return allocate(np.array([total]), np.array([0, len(parts)]), parts)


def within_caps(amounts: ArrayLike, keys: ArrayLike, caps: ArrayLike) -> Minor:
    """What remains of each amount if what remains for any key (a person, a month) stays within its cap; shape (n,).

    Rows come in order of time and id: earlier ones use caps up first. keys, caps: of each kind and row, (kinds, n);
    keys are numbers from 0 on, and a row is held to its own caps (`NO_CAP`: none), where those of a key differ.
    """
    wanted, of, most = (np.asarray(one, np.int64) for one in (amounts, keys, caps))
    found = np.empty(len(wanted), np.int64)
    _within_caps(wanted, of, most, np.zeros((len(of), int(of.max(initial=0)) + 1), np.int64), found)
    return found


@kernel
def _within_caps(wanted, keys, caps, used, found):
    for row in range(len(wanted)):
        left = wanted[row]
        for kind in range(len(keys)):
            left = min(left, max(caps[kind, row] - used[kind, keys[kind, row]], 0))
        for kind in range(len(keys)):
            used[kind, keys[kind, row]] += left
        found[row] = left


def _check(what: str, numbers: Minor, largest: int) -> None:
    if numbers.size and not 0 <= numbers.min() <= numbers.max() <= largest:
        raise ValueError(f"{what} are {numbers.min()} to {numbers.max()}: only 0 to {largest} can be computed with")
