"""Adding tasks to a job, a hundred a request: what batchio costs, beside the floor and other clients.

Measures CPU a task (user and system time of the client's process, without its imports), tasks/s and memory for small,
medium and large tasks; then what building the input costs, batchio's memory for more and more tasks, what a journal
costs, the command line against the library, and many callers of one feed. Each run is a process of its own, in
interleaved rounds, against a fixed responder in another process that counts what arrives.

    python -m benchmarks bulk                                           # all of it: about 7 minutes
    python -m benchmarks bulk --pin --repeat 5 --json bulk.json
    python -m benchmarks bulk --parts clients --size small --clients floor,batchio
    python -m benchmarks bulk --parts clients --latency 0.1 --in-flight 50
    python -m benchmarks bulk --parts feed --feed-tasks 200000
    python -m benchmarks bulk --parts journal --size small --tasks 300000 --repeat 40
    python -m benchmarks bulk --parts memory --memory 200000,1000000,10000000
    python -m benchmarks bulk --parts memory --picture memory.svg       # of `clients` and `memory`
"""

from .command import add_arguments, run

__all__ = ["add_arguments", "run"]
