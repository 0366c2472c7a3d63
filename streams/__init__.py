"""How data moves: the Faust app, frames, state, one module per agent.

May import `schemas`, `analytics`, `sources` and `sinks`.
"""
