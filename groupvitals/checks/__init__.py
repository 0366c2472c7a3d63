"""What `groupvitals doctor` checks: servers, topics and their workers, the numbers. Read-only."""
