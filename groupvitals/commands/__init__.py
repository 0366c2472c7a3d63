"""One module per group of commands; each public function is a typer command."""
