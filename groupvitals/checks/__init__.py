"""What `groupvitals doctor` looks at: servers, the topic and its workers, the numbers. Reads only."""
