"""Numbers in sentences."""


def number_of(count: int, one: str, many: str = "") -> str:
    """`1 group`, `2,000 groups`. `many`: where it is not `one` with an s, as in `number_of(n, "person", "people")`."""
    return f"{count:,} {one if count == 1 else many or f'{one}s'}"
