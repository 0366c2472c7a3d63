"""What is kept of identity.links: nothing."""
