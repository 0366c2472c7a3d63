"""Families of rows about persons: memberships, accounts, contacts, segments, profiles, orders."""
