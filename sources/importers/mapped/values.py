"""Converts cells of a table to values of the contract: times, money, numbers."""

import re
from datetime import datetime
from decimal import Decimal
from math import isfinite
from zoneinfo import ZoneInfo

from schemas.errors import InvalidEventError
from sources.mapping import ISO, MILLISECONDS, SECONDS, Time

#: ISO 4217: how many decimals a currency has, where it is not two.
_EXPONENTS = {
    **dict.fromkeys(("BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "UYI", "VND"), 0),
    **dict.fromkeys(("VUV", "XAF", "XOF", "XPF"), 0),
    **dict.fromkeys(("BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"), 3),
    **dict.fromkeys(("CLF", "UYW"), 4),
}
_SPACES = " \u00a0\u2009\u202f"
#: Digits, with one kind of thousands separator or none, and decimals.
_DIGITS = rf"(\d+|\d{{1,3}}(?:([,'’{_SPACES}])\d{{3}})(?:\3\d{{3}})*)(\.\d+)?"
_NUMBER = re.compile(rf"([-−]?){_DIGITS}", re.ASCII)
_CURRENCY = "[¥￥$€£₩₹₽₺₴₫฿元]|[A-Z]{3}"
_AMOUNT = re.compile(rf"([-−]?)\s*({_CURRENCY})?\s*([-−]?)([\d.,'’{_SPACES}]+?)\s*({_CURRENCY})?")
_ROUNDED = re.compile(r"\d(?:[.,]\d+)?[Ee]\+\d{2,}", re.ASCII)
#: Larger than any Unix time, whatever its unit.
_FAR = 10**15
_WORDS = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}


def time_ms(cell: str, time: Time) -> int:
    """Milliseconds since the Unix epoch. Raises `InvalidEventError`.

    When clocks show an hour twice (at the end of summer time), the first one is meant.
    """
    try:
        if time.format in (SECONDS, MILLISECONDS):
            number = Decimal(cell)
            if not abs(number) < _FAR:
                raise ValueError(cell)  # noqa: TRY301
            return int(number * 1000 if time.format == SECONDS else number)
        at = datetime.fromisoformat(cell) if time.format == ISO else datetime.strptime(cell, time.format)
    except (ValueError, ArithmeticError):
        raise InvalidEventError(
            "invalid_field", f"{time.column}: {cell[:40]!r} is not a time in the format {time.format}"
        ) from None
    if at.tzinfo is None:
        if time.zone is None:
            raise InvalidEventError("invalid_field", f"{time.column}: {cell[:40]!r} has no time zone: set time.zone")
        at = at.replace(tzinfo=ZoneInfo(time.zone))
    try:
        return round(at.timestamp() * 1000)
    except OverflowError:
        raise InvalidEventError("invalid_field", f"{time.column}: {cell[:40]!r} is outside the calendar") from None


def plain_number(cell: str, decimal: str) -> str | None:
    """A number as Python writes it; None when the cell is not a number.

    Thousands may be separated by a comma (a point where decimals follow a comma), an apostrophe or a space.
    """
    text = cell.strip() if decimal == "." else cell.strip().translate(str.maketrans(".,", ",."))
    found = _NUMBER.fullmatch(text)
    if not found:
        return None
    whole = "".join(filter(str.isdigit, found[2]))
    return f"{'-' if found[1] else ''}{whole}{found[4] or ''}"


def minor_units(cell: str, currency: object, decimal: str, name: str) -> int:
    """An amount in major units (`1,234.50`, with or without a sign or code of the currency) in minor ones.

    Raises `InvalidEventError` when it is not an amount, is in another currency, or has more decimals than the currency.
    """
    found = _AMOUNT.fullmatch(cell.strip())
    plain = plain_number(found[4], decimal) if found else None
    if not found or plain is None or (found[1] and found[3]):
        raise InvalidEventError("invalid_field", f"{name}: {cell[:40]!r} is not an amount")
    for code in (found[2], found[5]):
        if code and len(code) == 3 and code != currency:
            raise InvalidEventError("invalid_field", f"{name}: {cell[:40]!r} is not in {currency}")
    exponent = _EXPONENTS.get(str(currency), 2)
    whole, _, fraction = plain.partition(".")
    fraction = fraction.rstrip("0")
    if len(fraction) > exponent:
        raise InvalidEventError("invalid_field", f"{name}: {cell[:40]!r} has more decimals than {currency}")
    if len(whole) > 18:
        raise InvalidEventError("invalid_field", f"{name}: {cell[:40]!r} is too large")
    amount = int(whole + fraction.ljust(exponent, "0"))
    return -amount if found[1] or found[3] else amount


def typed(cell: str, type_: object, decimal: str, name: str) -> str | int | float | bool:
    """A cell as the contract has the field: text, whole number, number, or yes and no. Raises `InvalidEventError`."""
    try:
        if type_ is bool:
            return _WORDS[cell.strip().lower()]
        if type_ is int:
            return int(plain_number(cell, decimal) or cell)
        if type_ is not float:
            return cell
        if isfinite(number := float(plain_number(cell, decimal) or cell)):
            return number
    except (ValueError, KeyError):
        pass
    raise InvalidEventError("invalid_field", f"{name}: {cell[:40]!r} does not fit")


def check_id(cell: str, column: str) -> None:
    """Refuse an id that a spreadsheet has rounded (`1.23E+15`): others have the same by now."""
    if _ROUNDED.fullmatch(cell):
        reason = f"{column}: {cell[:40]!r} was rounded by a spreadsheet; export the column as text"
        raise InvalidEventError("rounded_id", reason)
