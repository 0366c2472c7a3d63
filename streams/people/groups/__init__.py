"""Families of rows about how alive groups are."""
