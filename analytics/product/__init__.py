"""What product events mean: the state of a partition of users, and the compiled rules that change it."""
