"""The words for states, as the service writes them.

Law: a state is named once, here, whichever kinds of resources have it.
"""

from __future__ import annotations

ACTIVE = "active"
PREPARING = "preparing"
RUNNING = "running"
COMPLETED = "completed"
DISABLING = "disabling"
DISABLED = "disabled"
ENABLING = "enabling"
ENABLED = "enabled"
TERMINATING = "terminating"
DELETING = "deleting"
DELETE_FAILED = "deletefailed"
STEADY = "steady"
RESIZING = "resizing"
STOPPING = "stopping"

CREATING = "creating"
STARTING = "starting"
WAITING_FOR_START_TASK = "waitingforstarttask"
START_TASK_FAILED = "starttaskfailed"
IDLE = "idle"
OFFLINE = "offline"
REBOOTING = "rebooting"
REIMAGING = "reimaging"
DEALLOCATING = "deallocating"
DEALLOCATED = "deallocated"
LEAVING_POOL = "leavingpool"

TASK_STATES = (ACTIVE, PREPARING, RUNNING, COMPLETED)
