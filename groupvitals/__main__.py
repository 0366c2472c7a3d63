"""`python -m groupvitals` is the command `groupvitals`."""

from groupvitals.cli import main

main()
