"""The resources of an account: one small method for each operation."""
