"""What is read back from ClickHouse, one module per purpose."""
