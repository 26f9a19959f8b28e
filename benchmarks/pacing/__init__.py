"""Pacing: how near to the service's rate a controller stays, and how politely; ours beside others.

In simulation: every scenario of `engine.md` on a virtual clock, with fixed seeds, for ours and for a fixed window, AIMD
and botocore's adaptive mode, each from its published rules. What is measured stands in `measure.py`. Over sockets:
`client.tasks.submit` with no setting touched against the emulator in a process of its own, with a limit on its rate.

    python -m benchmarks pacing                                   # simulation only: under a minute
    python -m benchmarks pacing --seeds 1,2,3,4,5 --scenarios A,B --controllers ours
    python -m benchmarks pacing --scenarios H --picture storm.svg # what happens over time, drawn
    python -m benchmarks pacing --quick                           # ours alone, one seed
    python -m benchmarks pacing --parts sockets                   # about 6 minutes; wants a machine that is quiet
"""

from .command import add_arguments, run

__all__ = ["add_arguments", "run"]
