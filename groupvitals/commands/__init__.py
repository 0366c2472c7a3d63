"""One module a group of commands; each function is a typer command."""
