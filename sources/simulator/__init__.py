"""A seeded simulator of chat communities: events as files or records, and the planted truth beside them."""

from sources.simulator.plan import Plan
from sources.simulator.simulation import Record, Simulation, simulate

__all__ = ["Plan", "Record", "Simulation", "simulate"]
