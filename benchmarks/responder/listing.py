"""The pages of a job's tasks, all but finished before they are asked for.

Law: a task as the service lists it that has run or runs: every property but those of containers, packages, output
files, dependencies and statistics, about 2 KB. Of a page only its number is filled in.
"""

from __future__ import annotations

import json
from typing import Any

from .answers import HOST

PAGE = 1_000
"""Tasks on a page: the service's most, and its own choice."""

_MARK = "@@@@@"
_UNLIMITED = "P10675199DT2H48M5.4775807S"
_SIGNED = "sv=2024-11-04&sr=c&sp=rl&sig=MDEyMzQ1Njc4OWFiY2RlZjAxMjM0"
_NODE = "tvmps_0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef_d"


class Listing:
    """The tasks of one job, `task-00000000` and so on; `root` is where its pages are: the URL of the responder."""

    def __init__(self, root: str, job_id: str, tasks: int) -> None:
        if tasks % PAGE:
            raise ValueError(f"whole pages of {PAGE} tasks, not {tasks}")
        self._pages = tasks // PAGE
        self._link = f'"odata.nextLink":"{root}/jobs/{job_id}/tasks?api-version=2024-07-01.20.0&$skiptoken=WATV2:0:'
        found = {
            "odata.metadata": f"{HOST}/$metadata#tasks",
            "value": [_task(job_id, f"task-{_MARK}{row:03d}", row) for row in range(PAGE)],
        }
        self._parts = json.dumps(found, separators=(",", ":")).removesuffix("}").encode().split(_MARK.encode())

    def page(self, number: int) -> bytes:
        """The body of a page, numbered from 0."""
        link = b"}" if number + 1 >= self._pages else f',{self._link}{number + 1}"}}'.encode()
        return (b"%05d" % number).join(self._parts) + link


def _task(job_id: str, task_id: str, row: int) -> dict[str, Any]:
    node = f"{HOST}/pools/pool/nodes/{_NODE}"
    root = f"workitems/{job_id}/job-1/{task_id}"
    ended = row % 10 != 9
    return {
        "id": task_id,
        "url": f"{HOST}/jobs/{job_id}/tasks/{task_id}",
        "eTag": f"0x8D3D623CD{0x661246 + row * 0x3F1:06X}",
        "creationTime": _time(2, row),
        "lastModified": _time(2, row),
        "state": "completed" if ended else "running",
        "stateTransitionTime": _time(9 if ended else 4, row),
        "previousState": "running" if ended else "active",
        "previousStateTransitionTime": _time(4 if ended else 2, row),
        "commandLine": f"/bin/sh -c 'blender --background scene.blend --render-frame {row}'",
        "resourceFiles": [
            {
                "httpUrl": f"https://account.blob.core.windows.net/scenes/{row:04d}/part-{part}?{_SIGNED}",
                "filePath": f"{row:04d}/part-{part}.blend",
            }
            for part in range(2)
        ],
        "environmentSettings": [
            {"name": "SCENE", "value": f"scene-{row:04d}"},
            {"name": "QUALITY", "value": "production"},
            {"name": "OUTPUT", "value": "/mnt/outputs"},
        ],
        "userIdentity": {"autoUser": {"scope": "pool", "elevationLevel": "nonadmin"}},
        "exitConditions": {
            "exitCodes": [{"code": 3, "exitOptions": {"jobAction": "terminate", "dependencyAction": "block"}}],
            "default": {"jobAction": "none", "dependencyAction": "satisfy"},
        },
        "constraints": {"maxWallClockTime": _UNLIMITED, "retentionTime": "P7D", "maxTaskRetryCount": 3},
        "requiredSlots": 1,
        "executionInfo": {
            "startTime": _time(4, row),
            **({"endTime": _time(9, row), "exitCode": 0, "result": "success"} if ended else {}),
            "retryCount": 0,
            "requeueCount": 0,
        },
        "nodeInfo": {
            "affinityId": f"TVM:{_NODE}",
            "nodeUrl": node,
            "poolId": "pool",
            "nodeId": _NODE,
            "taskRootDirectory": root,
            "taskRootDirectoryUrl": f"{node}/files/{root}",
        },
    }


def _time(minute: int, row: int) -> str:
    return f"2016-09-06T07:{minute:02d}:44.{7589958 + row * 797:07d}Z"
