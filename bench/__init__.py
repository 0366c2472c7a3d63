"""Measurements, side by side with alternatives. May import every package; nothing imports it."""
