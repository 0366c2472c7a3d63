"""The worker: the Faust app, its agent, and what runs alongside it, from start to a clean stop."""
