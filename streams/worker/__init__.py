"""The worker: the Faust app, its agent, and what runs beside it, from start to a clean stop."""
