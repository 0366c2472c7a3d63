"""Imports any table by a mapping file."""
