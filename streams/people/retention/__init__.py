"""The family of rows about who stayed after joining."""
