"""State kept for chat.events: memberships, groups and panes."""
