"""Each operation once, as a client would go on: status, headers and the properties of the answer."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from batchio.service.operations import OPERATIONS

from .wire import Reply, Wire

DATA = Path(__file__).parent.parent / "data"
GUID = "11111111-2222-3333-4444-555555555555"
SENT = {"client-request-id": GUID, "return-client-request-id": "true"}
FORMULA = {"autoScaleFormula": "$TargetDedicatedNodes=4;"}
THUMB = {"thumbprint": "ab", "thumbprintAlgorithm": "sha1"}
MACHINE = {
    "imageReference": {"publisher": "canonical", "offer": "ubuntu", "sku": "22_04-lts"},
    "nodeAgentSKUId": "batch.node.ubuntu 22.04",
    "extensions": [{"name": "e", "publisher": "p", "type": "t"}],
}
POOL = {"id": "p", "vmSize": "a", "targetDedicatedNodes": 4, "virtualMachineConfiguration": MACHINE}
JOB = {
    "poolInfo": {"poolId": "p"},
    "jobPreparationTask": {"commandLine": "echo"},
    "jobReleaseTask": {"commandLine": "echo"},
}
TWICE = {"numberOfInstances": 2, "coordinationCommandLine": "echo"}
TASKS = [
    {"id": "multi", "commandLine": "echo", "multiInstanceSettings": TWICE},
    {"id": "fails", "commandLine": "exit 3"},
]
LOGS = {"containerUrl": "https://x", "startTime": "2024-07-01T12:00:00Z"}
NO_PROPERTIES: dict[str, Any] = {"certificateReferences": [], "applicationPackageReferences": [], "metadata": []}

# Operation, its body, and what stands in its path where that is not what it is elsewhere.
STEPS: list[tuple[str, Any, dict[str, str]]] = [
    ("Certificates_CreateCertificate", {**THUMB, "data": "AAAA"}, {}),
    ("Pools_CreatePool", {**POOL, "certificateReferences": [THUMB], "startTask": {"commandLine": "echo"}}, {}),
    ("Jobs_CreateJob", {"id": "j", **JOB}, {}),
    ("Tasks_CreateTask", {"id": "t", "commandLine": "echo hello"}, {}),
    ("Tasks_CreateTaskCollection", {"value": TASKS}, {}),
    (
        "JobSchedules_CreateJobSchedule",
        {"id": "s", "schedule": {}, "jobSpecification": {"poolInfo": {"poolId": "p"}}},
        {},
    ),
    *((operation, None, {}) for operation in sorted(OPERATIONS) if "_List" in operation or "Exists" in operation),
    *(
        (operation, None, {})
        for operation in ("Jobs_GetJob", "Jobs_GetJobTaskCounts", "Tasks_GetTask", "Pools_GetPool")
    ),
    *((operation, None, {}) for operation in ("JobSchedules_GetJobSchedule", "Certificates_GetCertificate")),
    ("Applications_GetApplication", None, {}),
    ("Tasks_GetTaskFile", None, {}),
    ("Tasks_GetTaskFileProperties", None, {}),
    ("Tasks_DeleteTaskFile", None, {}),
    ("Nodes_GetNode", None, {}),
    ("Nodes_GetNodeExtension", None, {}),
    ("Nodes_GetNodeRemoteLoginSettings", None, {}),
    ("Nodes_GetNodeFile", None, {"filePath": "startup/stdout.txt"}),
    ("Nodes_GetNodeFileProperties", None, {"filePath": "startup/stdout.txt"}),
    ("Nodes_DeleteNodeFile", None, {"filePath": "startup/stdout.txt"}),
    ("Nodes_UploadNodeLogs", LOGS, {}),
    ("Nodes_CreateNodeUser", {"name": "u", "password": "x"}, {}),
    ("Nodes_ReplaceNodeUser", {"password": "y"}, {}),
    ("Nodes_DeleteNodeUser", None, {}),
    ("Nodes_DisableNodeScheduling", {}, {}),
    ("Nodes_EnableNodeScheduling", None, {}),
    ("Nodes_RebootNode", {"nodeRebootOption": "terminate"}, {}),
    ("Nodes_ReimageNode", {"nodeReimageOption": "terminate"}, {}),
    ("Nodes_DeallocateNode", {"nodeDeallocateOption": "terminate"}, {}),
    ("Nodes_StartNode", None, {}),
    ("Tasks_ReplaceTask", {"constraints": {"maxTaskRetryCount": 0}}, {}),
    ("Tasks_ReactivateTask", None, {"taskId": "fails"}),
    ("Tasks_TerminateTask", None, {"taskId": "fails"}),
    ("Tasks_DeleteTask", None, {}),
    ("Jobs_UpdateJob", {"priority": 5}, {}),
    ("Jobs_ReplaceJob", {"poolInfo": {"poolId": "p"}}, {}),
    ("Jobs_DisableJob", {"disableTasks": "terminate"}, {}),
    ("Jobs_EnableJob", None, {}),
    ("Jobs_TerminateJob", {"terminateReason": "over"}, {}),
    ("Jobs_DeleteJob", None, {}),
    ("JobSchedules_UpdateJobSchedule", {"metadata": []}, {}),
    ("JobSchedules_ReplaceJobSchedule", {"schedule": {}, "jobSpecification": {"poolInfo": {"poolId": "p"}}}, {}),
    ("JobSchedules_DisableJobSchedule", None, {}),
    ("JobSchedules_EnableJobSchedule", None, {}),
    ("JobSchedules_TerminateJobSchedule", None, {}),
    ("JobSchedules_DeleteJobSchedule", None, {}),
    ("Certificates_DeleteCertificate", None, {}),
    ("Certificates_CancelCertificateDeletion", None, {}),
    ("Pools_UpdatePool", {"metadata": []}, {}),
    ("Pools_ReplacePoolProperties", NO_PROPERTIES, {}),
    ("Pools_RemoveNodes", {}, {}),
    ("Pools_ResizePool", {"targetDedicatedNodes": 4}, {}),
    ("Pools_StopPoolResize", None, {}),
    ("Pools_EnablePoolAutoScale", FORMULA, {}),
    ("Pools_EvaluatePoolAutoScale", FORMULA, {}),
    ("Pools_DisablePoolAutoScale", None, {}),
    ("Pools_DeletePool", None, {}),
]
AT_ONCE = ("Pools_ResizePool", "Tasks_ReactivateTask")
"""After these the clock stands still."""
NO_URL = ("Job", "JobSchedule", "Pool", "NodeUser", "Task", "TaskFile", "NodeFile", "Certificate")


def has_url(operation: str, method: str) -> bool:
    """Whether the answer tells the URL of what it is about; what is gone has none, nor has what was made in numbers."""
    if operation.partition("_Delete")[2] in NO_URL or operation in (
        "Tasks_CreateTaskCollection",
        "Nodes_UploadNodeLogs",
    ):
        return False
    return method in ("POST", "PUT", "PATCH") or operation == "Tasks_GetTask"


def known(models: dict[str, Any], kind: str, value: Any, path: str) -> None:
    """Every property of the answer is one of the model's."""
    outer, _, inner = kind.partition("<")
    if outer == "array":
        for item in value:
            known(models, inner.removesuffix(">"), item, path)
    if not kind.startswith("model:"):
        return
    fields = models[kind.removeprefix("model:")]["fields"]
    for name, item in value.items():
        assert name in fields or name == "odata.metadata", f"{path}.{name}"
        if name in fields:
            known(models, fields[name]["type"], item, f"{path}.{name}")


def check(models: dict[str, Any], operation: str, reply: Reply) -> None:
    row = OPERATIONS[operation]
    assert reply.status in row.success, (operation, reply.body)
    assert reply.headers["client-request-id"] == GUID
    assert len(reply.headers["request-id"]) == len(GUID)
    assert ("DataServiceId" in reply.headers) is has_url(operation, row.method), operation
    if has_url(operation, row.method):
        assert reply.headers["ETag"].startswith("0x"), operation
        assert reply.headers["Last-Modified"].endswith(" GMT"), operation
    if row.answer is not None:
        known(models, f"model:{row.answer.__name__}", reply.json, operation)
    if row.items is not None:
        assert reply.items, operation
        known(models, f"array<model:{row.items.__name__}>", reply.items, operation)


async def test_each_operation(working: Wire) -> None:
    models = json.loads((DATA / "models.json").read_text())
    address = f"{working.emulator.endpoint}/_emulator/applications"
    async with working.session.put(address, json=[{"id": "app", "displayName": "App", "versions": ["1"]}]) as answer:
        assert answer.status == 200
    place = {"jobId": "j", "taskId": "multi", "poolId": "p", "jobScheduleId": "s", "filePath": "stdout.txt"}
    place |= {"applicationId": "app", "userName": "u", "extensionName": "e", **THUMB}
    for operation, body, other in STEPS:
        row = OPERATIONS[operation]
        path = row.path
        for name, value in {**place, **other}.items():
            path = path.replace(f"{{{name}}}", value)
        sent = {"nodeList": [place["nodeId"]]} if operation == "Pools_RemoveNodes" else body
        check(models, operation, await working.call(row.method, path, sent, headers=SENT))
        if operation not in AT_ONCE:
            working.emulator.clock.advance(1900)
        if operation == "Pools_CreatePool":
            place["nodeId"] = (await working.get("/pools/p/nodes")).ids[0]
    assert {operation for operation, _, _ in STEPS} == set(OPERATIONS)
