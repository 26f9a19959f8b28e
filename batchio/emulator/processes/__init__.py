"""Nodes that are folders of this machine, and tasks that are processes of it.

Law: `orders` say what is to run and `outcomes` what its end means: values in, values out. `machine` carries orders
out; the processes themselves are the children of one `foreman`, which outlives neither the service nor them.
Everything here needs a POSIX system; nothing in here is imported unless processes are asked for.
"""
