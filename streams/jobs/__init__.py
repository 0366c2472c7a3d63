"""What happens beside the stream: the score is fitted, days of members are closed."""
