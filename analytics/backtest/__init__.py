"""How well the zombie score predicts who comes back, compared with simpler rules and older models. No worker needs
it."""
