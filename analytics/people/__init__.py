"""Who is a person, what state members are in, and the score that says who comes back."""
