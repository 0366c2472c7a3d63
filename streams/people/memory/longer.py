"""Arrays with a row per member, person or group, made longer as these come."""

from typing import Any

import numpy as np
from numpy.typing import NDArray


def longer(array: NDArray[Any], count: int, fill: int = 0) -> NDArray[Any]:
    """The array with at least so many rows; new ones are filled with a number."""
    missing = count - len(array)
    if missing <= 0:
        return array
    return np.concatenate([array, np.full((missing, *array.shape[1:]), fill, array.dtype)])
