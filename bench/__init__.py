"""Measurements, side by side with the alternatives. May import every package; nothing imports it."""
