"""Results: what people did before they bought or signed up, what gets credit for it, and what it cost."""
