"""The API as tables: what operations there are, what they take and give, and which version has what."""
