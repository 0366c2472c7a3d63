"""Results: what led to conversions and gets credit for them, who brought whom, what that earns, what it cost."""
