"""One importer per format: a file and a position in, chunks of records out."""
