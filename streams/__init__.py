"""How data moves: the Faust app, frames, state, one agent a module.

May import `schemas`, `analytics`, `sources` and `sinks`.
"""
