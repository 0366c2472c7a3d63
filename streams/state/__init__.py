"""What a worker keeps of each topic in memory: one package per agent over one base."""
