"""The operations on nodes.

Law: as in `jobs`; a node's life is in `node_life`. Users, remote login, extensions and logs are kept or made up:
there is no machine behind a node.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from msgspec import UNSET

from ..models import (
    ComputeNode,
    ComputeNodeGetRemoteLoginSettingsResult,
    ComputeNodeUser,
    NodeDeallocateParameter,
    NodeDisableSchedulingParameter,
    NodeRebootParameter,
    NodeReimageParameter,
    NodeUpdateUserParameter,
    NodeVMExtension,
    UploadBatchServiceLogsConfiguration,
    UploadBatchServiceLogsResult,
)
from ..service import operations as ops
from . import filter_tables, ticks
from .bodies import normal
from .calls import Answer, Call, Handler, answer_created
from .dispatch import end_runs
from .kinds import Kind, accepted, answer_items, answer_one
from .node_ends import REQUEUE, take_out
from .pages import Listing
from .pool_views import node_url, node_view
from .queries import selected
from .refusals import Refusal, bad_property
from .resources import Node
from .states import (
    CREATING,
    DEALLOCATED,
    DEALLOCATING,
    DISABLED,
    ENABLED,
    IDLE,
    LEAVING_POOL,
    OFFLINE,
    REBOOTING,
    REIMAGING,
    RUNNING,
    START_TASK_FAILED,
    STARTING,
)
from .ticks import read_time

_PREFIX = "Microsoft.Azure.Batch.Protocol.Entities."
_BUSY = {
    CREATING: "NodeBeingCreated",
    STARTING: "NodeBeingStarted",
    REBOOTING: "NodeBeingRebooted",
    REIMAGING: "NodeBeingReimaged",
}


def _find(call: Call) -> Node:
    return call.store.node(call.store.pool(call.params["poolId"]), call.params["nodeId"])


NODES: Kind[Node] = Kind(
    "nodes",
    ComputeNode,
    filter_tables.NODES,
    find=_find,
    shelf=lambda call: call.store.pool(call.params["poolId"]).nodes,
    viewer=lambda call: lambda node: node_view(call.base, call.store, node),
)
_EXTENSIONS = Listing("extensions", NodeVMExtension, filter_tables.NO_PROPERTIES)


def _working(call: Call, *states: str) -> Node:
    """The node of a call, in one of these states. Raises `Refusal`."""
    node = _find(call)
    if node.state not in states or node.after is not None:
        raise Refusal(_BUSY.get(node.state, "OperationInvalidForCurrentState"), (("State", node.state),))
    return node


def _option(given: Any) -> str:
    option: str = REQUEUE if given is UNSET else given.value
    return option


def _take_out(call: Call, node: Node, state: str, option: Any) -> Answer:
    take_out(call.store, node, state, _option(option))
    return _accepted(call, node, 202)


def _accepted(call: Call, node: Node, status: int) -> Answer:
    return accepted(status, node, node_url(call.base, node))


def reboot_node(call: Call) -> Answer:
    """Nodes_RebootNode."""
    sent = call.read_optional(NodeRebootParameter)
    node = _working(call, IDLE, RUNNING, OFFLINE, START_TASK_FAILED)
    return _take_out(call, node, REBOOTING, sent.node_reboot_option)


def reimage_node(call: Call) -> Answer:
    """Nodes_ReimageNode."""
    sent = call.read_optional(NodeReimageParameter)
    node = _working(call, IDLE, RUNNING, OFFLINE, START_TASK_FAILED)
    node.users.clear()
    node.deleted.clear()
    return _take_out(call, node, REIMAGING, sent.node_reimage_option)


def deallocate_node(call: Call) -> Answer:
    """Nodes_DeallocateNode."""
    sent = call.read_optional(NodeDeallocateParameter)
    node = _working(call, IDLE, RUNNING, OFFLINE, START_TASK_FAILED)
    return _take_out(call, node, DEALLOCATING, sent.node_deallocate_option)


def start_node(call: Call) -> Answer:
    """Nodes_StartNode."""
    node = _working(call, DEALLOCATED)
    call.store.move(node, STARTING, call.store.now())
    return _accepted(call, node, 202)


def disable_scheduling(call: Call) -> Answer:
    """Nodes_DisableNodeScheduling."""
    sent = call.read_optional(NodeDisableSchedulingParameter)
    node = _working(call, IDLE, RUNNING, OFFLINE)
    if node.scheduling == DISABLED:
        raise Refusal("NodeAlreadyInTargetSchedulingState")
    node.scheduling = DISABLED
    end_runs(call.store, list(node.runs.values()), _option(sent.node_disable_scheduling_option))
    call.store.change(node)
    return _accepted(call, node, 200)


def enable_scheduling(call: Call) -> Answer:
    """Nodes_EnableNodeScheduling."""
    node = _working(call, IDLE, RUNNING, OFFLINE)
    if node.scheduling == ENABLED:
        raise Refusal("NodeAlreadyInTargetSchedulingState")
    node.scheduling = ENABLED
    node.pool.open[node.key] = node
    call.store.change(node)
    call.store.touch(node.pool)
    return _accepted(call, node, 200)


def _reachable(call: Call) -> Node:
    node = _find(call)
    if node.state in (CREATING, DEALLOCATING, DEALLOCATED, LEAVING_POOL):
        raise Refusal(_BUSY.get(node.state, "OperationNotValidOnNode"), (("State", node.state),))
    return node


def get_remote_login_settings(call: Call) -> Answer:
    """Nodes_GetNodeRemoteLoginSettings."""
    node = _reachable(call)
    settings = {
        "remoteLoginIPAddress": "127.0.0.1",
        "remoteLoginPort": 50_000 + node.number,
        "ipv6RemoteLoginIPAddress": "::1",
        "ipv6RemoteLoginPort": 50_000 + node.number,
    }
    model = ComputeNodeGetRemoteLoginSettingsResult
    return answer_one(call, f"{_PREFIX}{model.__name__}", model, settings)


def upload_logs(call: Call) -> Answer:
    """Nodes_UploadNodeLogs: says what an upload would bring; nothing is sent anywhere."""
    sent = call.read(UploadBatchServiceLogsConfiguration)
    node = _reachable(call)
    begin = read_time(sent.start_time)
    end = call.store.now() if sent.end_time is UNSET else read_time(sent.end_time)
    if end < begin:
        raise bad_property("endTime", str(sent.end_time), "Before startTime")
    hours = min((end - begin) // (3600 * ticks.SECOND), 1000)
    result = {"virtualDirectoryName": f"{node.pool.id}-{node.id}".lower(), "numberOfFilesUploaded": int(hours) + 1}
    return answer_one(call, f"{_PREFIX}UploadBatchServiceLogsResult", UploadBatchServiceLogsResult, result)


def create_user(call: Call) -> Answer:
    """Nodes_CreateNodeUser."""
    sent = call.read(ComputeNodeUser)
    node = _reachable(call)
    if not 1 <= len(sent.name) <= 20:
        raise bad_property("name", sent.name, "1 to 20 characters")
    _check_secret(node, sent)
    if sent.name.lower() in node.users:
        raise Refusal("NodeUserExists")
    node.users[sent.name.lower()] = normal(sent)
    call.store.note(node)
    return answer_created(f"{node_url(call.base, node)}/users/{quote(sent.name, safe='')}", call.store.stamps())


def replace_user(call: Call) -> Answer:
    """Nodes_ReplaceNodeUser."""
    sent = call.read(NodeUpdateUserParameter)
    node = _reachable(call)
    name = call.params["userName"].lower()
    if name not in node.users:
        raise Refusal("NodeUserNotFound")
    _check_secret(node, sent)
    kept = {key: value for key, value in node.users[name].items() if key in ("name", "isAdmin")}
    node.users[name] = {**kept, **normal(sent)}
    call.store.note(node)
    return _accepted(call, node, 200)


def _check_secret(node: Node, sent: Any) -> None:
    machine = node.pool.spec.get("virtualMachineConfiguration", {})
    windows = "windows" in machine.get("nodeAgentSKUId", "").lower()
    if windows and sent.ssh_public_key is not UNSET:
        raise bad_property("sshPublicKey", None, "Not on a Windows node")
    if sent.password is UNSET and (windows or sent.ssh_public_key is UNSET):
        reason = "A password is required" if windows else "A password or sshPublicKey is required"
        raise Refusal("MissingRequiredProperty", (("PropertyName", "password"), ("Reason", reason)))


def delete_user(call: Call) -> Answer:
    """Nodes_DeleteNodeUser."""
    node = _reachable(call)
    if node.users.pop(call.params["userName"].lower(), None) is None:
        raise Refusal("NodeUserNotFound")
    call.store.note(node)
    return Answer(200)


def _extensions(node: Node) -> list[dict[str, Any]]:
    machine = node.pool.spec.get("virtualMachineConfiguration", {})
    status = {"code": "ProvisioningState/succeeded", "level": "Info", "displayStatus": "Provisioning succeeded"}
    return [
        {
            "provisioningState": "Succeeded",
            "vmExtension": {name: value for name, value in extension.items() if name != "protectedSettings"},
            "instanceView": {"name": extension["name"], "statuses": [status]},
        }
        for extension in machine.get("extensions", ())
    ]


def list_extensions(call: Call) -> Answer:
    """Nodes_ListNodeExtensions."""
    views = _extensions(_reachable(call))
    return answer_items(call, _EXTENSIONS, ((view["vmExtension"]["name"], view) for view in views))


def get_extension(call: Call) -> Answer:
    """Nodes_GetNodeExtension."""
    wanted = call.params["extensionName"].lower()
    for view in _extensions(_reachable(call)):
        if view["vmExtension"]["name"].lower() == wanted:
            names = selected(call, NodeVMExtension)
            return answer_one(call, "extensions/@Element", NodeVMExtension, view, names=names)
    raise Refusal("ResourceNotFound", (("Reason", "The node has no such extension"),))


SIMULATED: dict[str, Handler] = {
    ops.LIST_NODES.id: NODES.list,
    ops.GET_NODE.id: NODES.get,
    ops.REBOOT_NODE.id: reboot_node,
    ops.REIMAGE_NODE.id: reimage_node,
    ops.START_NODE.id: start_node,
    ops.DEALLOCATE_NODE.id: deallocate_node,
    ops.DISABLE_NODE_SCHEDULING.id: disable_scheduling,
    ops.ENABLE_NODE_SCHEDULING.id: enable_scheduling,
    ops.GET_NODE_REMOTE_LOGIN_SETTINGS.id: get_remote_login_settings,
    ops.UPLOAD_NODE_LOGS.id: upload_logs,
    ops.CREATE_NODE_USER.id: create_user,
    ops.REPLACE_NODE_USER.id: replace_user,
    ops.DELETE_NODE_USER.id: delete_user,
    ops.LIST_NODE_EXTENSIONS.id: list_extensions,
    ops.GET_NODE_EXTENSION.id: get_extension,
}
