"""Imports any table with a mapping file."""
