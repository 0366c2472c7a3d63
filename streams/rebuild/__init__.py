"""Numbers computed once more from landed records, compared, and corrected."""
