"""Event ids for sources that have none of their own: the same event gets the same id whenever it is imported."""

from hashlib import blake2b


def event_id(group_id: str, member_id: str, *what: str | int) -> str:
    """24 hexadecimal digits of a hash of group, member, and what else distinguishes the event (time, text, ordinal)."""
    joined = "\0".join((group_id, member_id, *map(str, what)))
    return blake2b(joined.encode("utf-8", "surrogatepass"), digest_size=12).hexdigest()
