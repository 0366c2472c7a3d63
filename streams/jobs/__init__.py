"""What happens alongside the stream: fitting the score, closing members' days."""
