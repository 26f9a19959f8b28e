"""Models, bodies and answers that nobody thought of: drawn from the classes themselves, by Hypothesis."""
