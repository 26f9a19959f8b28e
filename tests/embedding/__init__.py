"""The README's examples of embedding."""
