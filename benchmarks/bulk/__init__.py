"""Adding tasks to a job, a hundred a request: what batchio costs, beside the floor and other clients.

Law: nothing is imported here, so that a client whose environment has nothing of ours can be run from this package, too.

Measures CPU a task (user and system time of the client's process, without its imports), tasks/s and memory for small,
medium and large tasks; then what building the input costs, batchio's memory for more and more tasks, what a journal
costs, the command line against the library, many callers of one feed, tasks/s at 100 ms, what a signature costs, the
same over TLS, and clients that cannot live beside batchio. Each run is a process of its own, in interleaved rounds,
against a fixed responder in another process that counts what arrives.

    python -m benchmarks bulk                                           # all but `others`: about 12 minutes
    python -m benchmarks bulk --pin --repeat 5 --json bulk.json
    python -m benchmarks bulk --parts clients --size small --clients floor,batchio
    python -m benchmarks bulk --parts clients --latency 0.1 --in-flight 50
    python -m benchmarks bulk --parts feed --feed-tasks 200000
    python -m benchmarks bulk --parts journal --size small --tasks 300000 --repeat 40
    python -m benchmarks bulk --parts memory --memory 200000,1000000,10000000
    python -m benchmarks bulk --parts memory --picture memory.svg       # of `clients` and `memory`
    python -m benchmarks bulk --parts rates                             # 50 requests in flight, and the default
    python -m benchmarks bulk --parts signing --size small --repeat 40  # a shared key against a token
    python -m benchmarks bulk --parts tls --size small,medium           # https against http, and the floor over it
    python -m benchmarks bulk --parts others --size small,medium        # other clients, which are installed

`others` makes an environment for each of its clients in a temporary folder, for which it needs the network; a client
that cannot be installed is skipped and said to be.
"""
