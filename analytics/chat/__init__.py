"""What chat events mean: the state of a partition of groups, and the compiled rules that change it."""
