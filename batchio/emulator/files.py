"""The operations on the files of tasks and nodes.

Law: both are trees by path; listing, reading and deleting are written once, here. Nothing is read from this machine.
"""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import quote

from ..models import NodeFile
from ..service import operations as ops
from . import filter_tables, ticks
from .calls import Answer, Call, Handler
from .conditions import check_dates
from .file_trees import File, node_files, task_files
from .kinds import answer_items
from .pages import Listing
from .pool_views import node_url
from .refusals import Refusal, bad_header
from .views import job_url

_FILES = Listing("files", NodeFile, filter_tables.FILES)
_RANGE = re.compile(r"bytes=(\d{1,18})-(\d{1,18})?", re.ASCII)


def _of_task(call: Call) -> tuple[dict[str, File], str]:
    """The files of the task of a call, and the URL above them."""
    job = call.store.job(call.params["jobId"])
    task = call.store.task(job, call.params["taskId"])
    return task_files(call.store, job, task), f"{job_url(call.base, job)}/tasks/{task.id}/files/"


def _of_node(call: Call) -> tuple[dict[str, File], str]:
    node = call.store.node(call.store.pool(call.params["poolId"]), call.params["nodeId"])
    return node_files(call.store, node), f"{node_url(call.base, node)}/files/"


def _tree(call: Call) -> tuple[dict[str, File], str]:
    return _of_task(call) if "taskId" in call.params else _of_node(call)


def _path(call: Call) -> str:
    return call.params["filePath"].replace("\\", "/").strip("/")


def list_files(call: Call) -> Answer:
    """Tasks_ListTaskFiles and Nodes_ListNodeFiles."""
    files, url = _tree(call)
    recursive = call.flag("recursive")
    listed = (file for path, file in sorted(files.items()) if recursive or "/" not in path)
    return answer_items(call, _FILES, ((file.path, _view(file, url)) for file in listed))


def _view(file: File, url: str) -> dict[str, Any]:
    view: dict[str, Any] = {
        "name": file.path,
        "url": url + quote(file.path),
        "isDirectory": file.content is None,
    }
    if file.content is not None:
        view["properties"] = {
            "creationTime": ticks.time_text(file.changed),
            "lastModified": ticks.time_text(file.changed),
            "contentLength": str(len(file.content)),
            "contentType": "application/octet-stream",
            "fileMode": "0o100644",
        }
    return view


def _find(call: Call) -> tuple[File, dict[str, str]]:
    """The file of a call and its headers. Raises `Refusal`."""
    files, url = _tree(call)
    file = files.get(_path(call))
    if file is None:
        raise Refusal("FileNotFound")
    check_dates(call, file.changed)
    date = ticks.http_date(file.changed // ticks.SECOND)
    headers = {
        "ocp-creation-time": date,
        "Last-Modified": date,
        "ocp-batch-file-isdirectory": "true" if file.content is None else "false",
        "ocp-batch-file-url": url + quote(file.path),
        "ocp-batch-file-mode": "0o100644" if file.content is not None else "0o40755",
    }
    return file, headers


def get_file(call: Call) -> Answer:
    """Tasks_GetTaskFile and Nodes_GetNodeFile."""
    file, headers = _find(call)
    if file.content is None:
        raise Refusal("OperationInvalidForCurrentState", (("Reason", "It is a directory"),))
    content = file.content
    span = call.headers.get("ocp-range")
    if span is None:
        return Answer(200, content, headers, "application/octet-stream")
    first, last = _span(span, len(content))
    return Answer(200, content[first : last + 1], headers, "application/octet-stream")


def _span(text: str, length: int) -> tuple[int, int]:
    found = _RANGE.fullmatch(text.strip())
    if found is None:
        raise bad_header("ocp-range", text, "Not a range such as bytes=0-99")
    first, last = int(found[1]), int(found[2] or length - 1)
    if first >= length or last < first:
        raise Refusal("InvalidRange", (("ContentLength", str(length)),))
    return first, min(last, length - 1)


def get_file_properties(call: Call) -> Answer:
    """Tasks_GetTaskFileProperties and Nodes_GetNodeFileProperties."""
    file, headers = _find(call)
    headers["Content-Length"] = str(len(file.content or b""))
    headers["Content-Type"] = "application/octet-stream"
    return Answer(200, b"", headers)


def delete_file(call: Call) -> Answer:
    """Tasks_DeleteTaskFile and Nodes_DeleteNodeFile."""
    files, _ = _tree(call)
    path = _path(call)
    file = files.get(path)
    if file is None:
        raise Refusal("FileNotFound")
    if file.content is None and not call.flag("recursive") and any(name.startswith(f"{path}/") for name in files):
        raise Refusal("OperationInvalidForCurrentState", (("Reason", "The directory is not empty"),))
    if "taskId" in call.params:
        job = call.store.job(call.params["jobId"])
        task = call.store.task(job, call.params["taskId"])
        run = task.ran()
        run.happens(deleted=(*run.seldom.deleted, path))
        call.store.note_task(job, task)
    else:
        node = call.store.node(call.store.pool(call.params["poolId"]), call.params["nodeId"])
        node.deleted.add(path)
        call.store.note(node)
    return Answer(200)


SIMULATED: dict[str, Handler] = {
    ops.LIST_TASK_FILES.id: list_files,
    ops.GET_TASK_FILE.id: get_file,
    ops.GET_TASK_FILE_PROPERTIES.id: get_file_properties,
    ops.DELETE_TASK_FILE.id: delete_file,
    ops.LIST_NODE_FILES.id: list_files,
    ops.GET_NODE_FILE.id: get_file,
    ops.GET_NODE_FILE_PROPERTIES.id: get_file_properties,
    ops.DELETE_NODE_FILE.id: delete_file,
}
