"""Which accounts belong to whom: one person across accounts and users. Pure.

Accounts and users are numbers of one list of names, since a user may be an account of another user.
"""

import numpy as np
from numpy.typing import NDArray

Codes = NDArray[np.int32]


def persons(owner: Codes, most: int) -> tuple[Codes, NDArray[np.bool_]]:
    """Person of every name, and whether it is linked to one; shape (n,).

    owner: the user that each name belongs to, as the newest record says; -1: none. The person is the end of the chain.
    A chain of more than three links (a cycle, too) and a person with more than `most` accounts are not trusted: each
    account stays a person of its own.
    """
    person, linked = np.arange(len(owner), dtype=np.int32), np.zeros(len(owner), np.bool_)
    accounts = np.flatnonzero(owner >= 0)
    ends = owner[accounts]
    for _ in range(2):
        ends = np.where(owner[ends] >= 0, owner[ends], ends)
    ended = owner[ends] < 0
    sizes = np.bincount(ends[ended], minlength=len(owner))
    believed = ended & (sizes[ends] <= most)
    person[accounts[believed]] = ends[believed]
    linked[accounts[believed]] = True
    return person, linked
