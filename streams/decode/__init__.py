"""Decodes raw records into frames of columns, or dead letters."""
