"""Numbers recomputed from landed records, compared, and corrected."""
