"""Frames and arrays as rows of ClickHouse's tables."""
