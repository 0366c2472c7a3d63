"""The family of rows about calls: who was exposed, who answered, who would come."""
