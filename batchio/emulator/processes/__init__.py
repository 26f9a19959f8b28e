"""Nodes that are folders of this machine, and tasks that are processes of it.

Law: orders go in and outcomes come out, both values; a `Machine` carries them out, and the processes are the children
of one `foreman`, which does not outlive the service. But for `orders` all this needs a POSIX system, and is imported
only where processes are asked for.

A task runs as on a node of the service: its command line is split into words and run without a shell (write
`/bin/sh -c '...'` for one), with its folder's `wd` as working directory, its output in `stdout.txt` and `stderr.txt`,
its resource files from http, https and file URLs, the `AZ_BATCH_*` variables, `PATH`, `HOME` and `LANG`, what job and
task set, and nothing else of the emulator's environment. It has the rights of whoever started the emulator: this is
for command lines that one would run oneself, and no sandbox. It has no core dumps and at most 4096 open files; its
command line has at most 131072 characters.

It leads a process group of its own. Limits, terminations and whatever else ends it send SIGTERM to the whole group
and SIGKILL a second later; what it leaves behind when it ends by itself is killed at once. When the service stops
everything is killed, on Linux also what has left its group; a `kill -9` of the service does the same, and should its
foreman be killed together with it, the next start does.

Simulated as before are the subtasks of multi-instance tasks: the command line runs once, on the first node. Left out
are resource files from containers, output files, application packages, containers and user identities.
"""
