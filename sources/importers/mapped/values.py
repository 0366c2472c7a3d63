"""Cells of somebody's table turned into values of the contract: times, money, numbers."""

import re
from datetime import datetime
from decimal import Decimal
from math import isfinite
from zoneinfo import ZoneInfo

from schemas.errors import InvalidEventError
from sources.importers.mapped.mapping import ISO, MILLISECONDS, SECONDS, Time

#: ISO 4217: how many decimals a currency has, where it is not two.
_EXPONENTS = {
    **dict.fromkeys(("BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "UYI", "VND"), 0),
    **dict.fromkeys(("VUV", "XAF", "XOF", "XPF"), 0),
    **dict.fromkeys(("BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"), 3),
    **dict.fromkeys(("CLF", "UYW"), 4),
}
_AMOUNT = re.compile(r"(-?)\s*[¥￥$€£]?\s*(-?)(\d+|\d{1,3}(?:,\d{3})+)(\.\d+)?", re.ASCII)
#: No unix time is as large, in whichever unit.
_FAR = 10**15
_WORDS = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}


def time_ms(cell: str, time: Time) -> int:
    """Milliseconds since the Unix epoch. Raises `InvalidEventError`.

    Of an hour that clocks show twice (the end of summer time), the first is meant.
    """
    try:
        if time.format in (SECONDS, MILLISECONDS):
            number = Decimal(cell)
            if not abs(number) < _FAR:
                raise ValueError(cell)  # noqa: TRY301
            return int(number * 1000 if time.format == SECONDS else number)
        at = datetime.fromisoformat(cell) if time.format == ISO else datetime.strptime(cell, time.format)
    except (ValueError, ArithmeticError):
        raise InvalidEventError("invalid_field", f"{time.column}: {cell[:40]!r} is no time in {time.format}") from None
    if at.tzinfo is None:
        if time.zone is None:
            raise InvalidEventError("invalid_field", f"{time.column}: {cell[:40]!r} has no zone; give time.zone")
        at = at.replace(tzinfo=ZoneInfo(time.zone))
    try:
        return round(at.timestamp() * 1000)
    except OverflowError:
        raise InvalidEventError("invalid_field", f"{time.column}: {cell[:40]!r} is beyond all calendars") from None


def minor_units(cell: str, currency: object, decimal: str, name: str) -> int:
    """An amount in major units (`1,234.50`, with or without a sign of currency) in minor ones.

    Raises `InvalidEventError` when it is no amount, or has more decimals than the currency.
    """
    plain = cell.strip() if decimal == "." else cell.strip().translate(str.maketrans(".,", ",."))
    found = _AMOUNT.fullmatch(plain)
    if not found or (found[1] and found[2]):
        raise InvalidEventError("invalid_field", f"{name}: {cell[:40]!r} is no amount")
    exponent = _EXPONENTS.get(str(currency), 2)
    whole, fraction = found[3].replace(",", ""), (found[4] or ".")[1:].rstrip("0")
    if len(fraction) > exponent:
        raise InvalidEventError("invalid_field", f"{name}: {cell[:40]!r} has more decimals than {currency}")
    if len(whole) > 18:
        raise InvalidEventError("invalid_field", f"{name}: {cell[:40]!r} is too much")
    return int(f"{found[1]}{found[2]}{whole}{fraction.ljust(exponent, '0')}")


def typed(cell: str, type_: object, name: str) -> str | int | float | bool:
    """A cell as the contract has the field: text, whole number, number, or yes and no. Raises `InvalidEventError`."""
    try:
        if type_ is bool:
            return _WORDS[cell.strip().lower()]
        if type_ is int:
            return int(cell)
        if type_ is not float or isfinite(float(cell)):
            return float(cell) if type_ is float else cell
    except (ValueError, KeyError):
        pass
    raise InvalidEventError("invalid_field", f"{name}: {cell[:40]!r} does not fit")
