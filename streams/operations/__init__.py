"""What operators have decided, as whoever computes numbers needs it."""
