"""Where kernels find the fields of events in a frame: constants, the same for every frame."""

# mypy: disable-error-code="no-untyped-def,no-untyped-call,misc"

from collections.abc import Iterable, Mapping

import numpy as np

from analytics.kernels.compiled import kernel
from schemas.columns import columns


def places(contract: str, names: Iterable[str], alias: Mapping[str, str]) -> list[int]:
    """What the names mean in frames of a topic of the contract.

    A type's name gives its code, `<field>_bit` the field's bit in `Frame.present`, `unknown_<field>` the code of that
    value, a field's name its row in `Frame.words` or `Frame.spans`. `alias` gives fields of other names.
    """
    spec = columns(contract)

    def place(name: str) -> int:
        if name in spec.types:
            return spec.types.index(name)
        if name.startswith("unknown_"):
            return spec.field(name.removeprefix("unknown_")).values.index("unknown")
        bit = name.removesuffix("_bit")
        field = spec.field(alias.get(bit, bit))
        return field.index if bit != name else int(spec.places[field.index])

    return [place(name) for name in names]


@kernel
def has(present, bit):
    """Whether a record's word of `Frame.present` has this field."""
    return present >> np.uint64(bit) & np.uint64(1) == np.uint64(1)
