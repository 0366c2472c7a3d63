"""What is kept of chat.events: memberships, groups and panes."""
