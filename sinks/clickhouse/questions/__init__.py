"""The questions, one view each: NAME of now and, where there is a history, NAME_daily of closed days."""

from sinks.clickhouse.templates import sql_files


def questions() -> list[str]:
    """Names of all questions."""
    names = [file.name.removesuffix(".sql") for file in sql_files(__package__)]
    return [name for name in names if not name.endswith("_daily")]
