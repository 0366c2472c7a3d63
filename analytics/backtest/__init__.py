"""How well the zombie score foretells who comes back, beside simpler rules and older models. No worker needs it."""
