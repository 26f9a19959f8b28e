"""The command line: commands on top of client and emulator.

Law: what is said and decided is a pure function of values (`lines`, `elements`, `shapes`, `checking`, `progress`,
`report`, `sight`, `tempo`, `paths`, `finding`); files, signals and the terminal live in modules of their own. Data
goes to stdout, everything else to stderr.
"""
