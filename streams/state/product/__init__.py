"""What is kept of product.events: users, and what they refer to."""
