"""Commands for the operations of the API: `batchio jobs list` and all the others.

Law: nothing is said here that the table of operations, the models, the options or the resources say already;
commands, their options and their words are made of those.
"""
