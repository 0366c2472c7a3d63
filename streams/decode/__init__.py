"""Records, still bytes, into frames of columns, or dead letters."""
