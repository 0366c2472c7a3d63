"""What people type: the command line and its settings. May import every other room."""
