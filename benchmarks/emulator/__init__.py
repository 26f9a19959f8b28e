"""The local Batch service: what it takes to add, keep, list, count and run a million tasks, and until it is ready.

The emulator runs in a process of its own and tells the CPU time and memory of that process when it is asked, so that
the figures are its own, however busy the machine is: tasks a CPU second are what one core accepts. batchio's client
is the load, over real sockets, with the signatures and headers of every day.

    python -m benchmarks emulator                        # about 3 minutes
    python -m benchmarks emulator --parts memory,db --tasks 300000
    python -m benchmarks emulator --parts ready --repeat 25
"""

from .command import add_arguments, run

__all__ = ["add_arguments", "run"]
