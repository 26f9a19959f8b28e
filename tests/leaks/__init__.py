"""Marked secrets, planted wherever a secret can be, and the search for them in all that comes out."""
