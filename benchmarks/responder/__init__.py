"""A stand-in for the service: fixed answers, in a process of its own, much faster than any client.

Law: the answers have the size and content of the service's, and what arrives is counted, so that a benchmark can prove
that each task arrived exactly once; nothing else of the service is here. It is not the emulator, and knows nothing of
batchio.

    python -m benchmarks.responder [--latency SECONDS] [--chunked] [--tls FILE]

It prints its URL and ends with its standard input. With `--tls` it makes a certificate for itself, writes it to FILE
and speaks https.

A task is known by the form of its id, `task-` and eight digits, which all benchmarks use.
"""
