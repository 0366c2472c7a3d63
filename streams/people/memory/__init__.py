"""Everybody in memory, names as numbers, and what has landed of each table."""
