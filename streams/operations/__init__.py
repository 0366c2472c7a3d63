"""Operators' decisions, in the form that computing numbers needs."""
