"""Measurements of batchio against its peers; each prints Markdown and takes `--json FILE`.

Law: a peer runs in a process of its own, all of them in the same run, and what is quoted are ratios.

    pip install -e .[bench]
    python -m benchmarks            # what there is
    python -m benchmarks bulk       # adding tasks: CPU a task, tasks/s, memory, the command line
    python -m benchmarks list       # listing tasks: CPU a task, memory
    python -m benchmarks call       # one small call: CPU a call
    python -m benchmarks import     # importing the client, and `batchio --help`: CPU and wall time
    python -m benchmarks pacing     # the service's rate: how near to it, with how few refusals
    python -m benchmarks emulator   # the local Batch service: a million tasks added, kept, listed; its start
    python -m benchmarks pictures   # what bulk and pacing have written with `--json`, drawn

`__main__.py` holds the table of the benchmarks. `frame.py`, `goals.py`, `rounds.py`, `processes.py`, `gauges.py` and
`markdown.py` serve all of them, and so does `responder/`, a stand-in for the service that is much faster than any
client and counts what arrives. `drawing.py` holds the table of the pictures, `canvas.py` their look; `pictures/` are
those that README.md shows. `reading/` is what `list` and `call` share: their contestants and how these are run.
"""
