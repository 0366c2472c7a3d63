"""Results: what people did before they bought or signed up, and what gets credit for it."""
