"""State kept for product.events: users, and what they refer to."""
