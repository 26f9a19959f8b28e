"""Targets for fuzzing: what is read from outside, given any bytes at all.

Each target takes bytes and raises where a promise is broken; its seeds are made by the code. `test_targets` tries each
for a moment with Hypothesis; `python -m tests.fuzz TARGET --seconds 300` tries it with atheris (`pip install atheris`),
which sees what code the bytes reach.
"""
