"""The operations on the files of tasks and nodes.

Law: both are trees by path; listing, reading and deleting are written once, here.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import quote

from ..models import NodeFile
from ..service import operations as ops
from . import filter_tables, ticks
from .calls import Answer, Call, Handler
from .conditions import check_dates
from .file_trees import node_tree, task_tree
from .kinds import answer_items
from .pages import Listing
from .pool_views import node_url
from .refusals import Refusal, bad_header
from .resources import e_tag
from .trees import File, Tree
from .views import job_url

_FILES = Listing("files", NodeFile, filter_tables.FILES)
_RANGE = re.compile(r"bytes=(\d{1,18})-(\d{1,18})?", re.ASCII)


def _tree(call: Call) -> tuple[Tree, str]:
    """The files of the task or node of a call, and the URL above them. Raises `Refusal`."""
    store = call.store
    if "taskId" in call.params:
        job = store.job(call.params["jobId"])
        task = store.task(job, call.params["taskId"])
        return task_tree(store, job, task), f"{job_url(call.base, job)}/tasks/{task.id}/files/"
    node = store.node(store.pool(call.params["poolId"]), call.params["nodeId"])
    return node_tree(store, node), f"{node_url(call.base, node)}/files/"


def _handler(act: Callable[[Call, Tree, str], Answer]) -> Handler:
    """The handler of an operation on files: where they are real the service does not wait for the disk."""

    def handle(call: Call) -> Answer | Awaitable[Answer]:
        tree, url = _tree(call)
        return act(call, tree, url) if call.store.processes is None else asyncio.to_thread(act, call, tree, url)

    return handle


def _file(call: Call, tree: Tree) -> File:
    """The file of a call; a backslash divides names where it is not part of one. Raises `Refusal`."""
    path = call.params["filePath"].strip("/")
    file = tree.find(path) or tree.find(path.replace("\\", "/").strip("/"))
    if file is None:
        raise Refusal("FileNotFound")
    return file


def list_files(call: Call, tree: Tree, url: str) -> Answer:
    """Tasks_ListTaskFiles and Nodes_ListNodeFiles."""
    files = tree.listed(recursive=call.flag("recursive"))
    return answer_items(call, _FILES, ((file.path, _view(file, url)) for file in files))


def _view(file: File, url: str) -> dict[str, Any]:
    view: dict[str, Any] = {
        "name": file.path,
        "url": url + quote(file.path),
        "isDirectory": file.size is None,
    }
    if file.size is not None:
        view["properties"] = {
            "creationTime": ticks.time_text(file.changed),
            "lastModified": ticks.time_text(file.changed),
            "contentLength": str(file.size),
            "contentType": "application/octet-stream",
            "fileMode": file.mode,
        }
    return view


def _find(call: Call, tree: Tree, url: str) -> tuple[File, dict[str, str]]:
    """The file of a call and its headers. Raises `Refusal`."""
    file = _file(call, tree)
    check_dates(call, file.changed)
    date = ticks.http_date(file.changed // ticks.SECOND)
    headers = {
        "ocp-creation-time": date,
        "Last-Modified": date,
        "ETag": e_tag(file.changed),
        "ocp-batch-file-isdirectory": "true" if file.size is None else "false",
        "ocp-batch-file-url": url + quote(file.path),
        "ocp-batch-file-mode": file.mode,
    }
    return file, headers


def get_file(call: Call, tree: Tree, url: str) -> Answer:
    """Tasks_GetTaskFile and Nodes_GetNodeFile."""
    file, headers = _find(call, tree, url)
    if file.size is None:
        raise Refusal("OperationInvalidForCurrentState", (("Reason", "It is a directory"),))
    span = call.headers.get("ocp-range")
    first, last = (0, file.size - 1) if span is None else _span(span, file.size)
    headers["Content-Length"] = str(last + 1 - first)
    try:
        content = tree.content(file, first, last)
    except OSError:
        raise Refusal("FileNotFound") from None
    body, pieces = (content, None) if isinstance(content, bytes) else (b"", content)
    return Answer(200, body, headers, "application/octet-stream", pieces)


def _span(text: str, length: int) -> tuple[int, int]:
    found = _RANGE.fullmatch(text.strip())
    if found is None:
        raise bad_header("ocp-range", text, "Not a range such as bytes=0-99")
    first, last = int(found[1]), int(found[2] or length - 1)
    if first >= length or last < first:
        raise Refusal("InvalidRange", (("ContentLength", str(length)),))
    return first, min(last, length - 1)


def get_file_properties(call: Call, tree: Tree, url: str) -> Answer:
    """Tasks_GetTaskFileProperties and Nodes_GetNodeFileProperties."""
    file, headers = _find(call, tree, url)
    headers["Content-Length"] = str(file.size or 0)
    headers["Content-Type"] = "application/octet-stream"
    return Answer(200, b"", headers)


def delete_file(call: Call, tree: Tree, _url: str) -> Answer:
    """Tasks_DeleteTaskFile and Nodes_DeleteNodeFile."""
    file = _file(call, tree)
    if file.size is None and not call.flag("recursive"):
        # An empty one may go.
        below = f"{file.path}/"
        if any(other.path.startswith(below) for other in tree.listed(recursive=True)):
            raise Refusal("OperationInvalidForCurrentState", (("Reason", "The directory is not empty"),))
    try:
        tree.delete(file.path)
    except OSError as error:
        raise Refusal("OperationInvalidForCurrentState", (("Reason", error.strerror or "It stays"),)) from None
    return Answer(200)


SIMULATED: dict[str, Handler] = {
    ops.LIST_TASK_FILES.id: _handler(list_files),
    ops.GET_TASK_FILE.id: _handler(get_file),
    ops.GET_TASK_FILE_PROPERTIES.id: _handler(get_file_properties),
    ops.DELETE_TASK_FILE.id: _handler(delete_file),
    ops.LIST_NODE_FILES.id: _handler(list_files),
    ops.GET_NODE_FILE.id: _handler(get_file),
    ops.GET_NODE_FILE_PROPERTIES.id: _handler(get_file_properties),
    ops.DELETE_NODE_FILE.id: _handler(delete_file),
}
