"""The operations of the API, one row each.

Law: a path of the API stands here and nowhere else. Client methods, the emulator's routes, the command line
and the tests all read this table.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, Generic, TypeVar

import msgspec

from .. import models as m
from . import options as o

JSON = "application/json; odata=minimalmetadata"
"""Content type of every JSON body."""

A = TypeVar("A")


class Early(msgspec.Struct, frozen=True, kw_only=True):
    """What an operation answered `until` some api-version, and how that is told in the words of today."""

    answer: type[m.Model]
    to_answer: Callable[[Any], m.Model]
    until: str
    since: None = None


class Operation(msgspec.Struct, Generic[A], frozen=True, kw_only=True):
    """One operation of the REST API; `A` is what it gives: a model, a page's item, a bool, or None for a receipt.

    `path` has its parameters in braces. `options` is the TypedDict of the options that it takes. `body`,
    `answer` and `items` are models: what is sent (it may be left out where it is `body_optional`), what comes
    back, what a page holds. `success` are the statuses that are no error. `file`: what comes back is a file or,
    for HEAD, the headers of one. `since` and `until`: the first and last api-version that has the operation.
    `early`: the answer of old versions. `respelled`: names in the answer that come in several letter cases.
    """

    id: str
    method: str
    path: str
    options: type
    body: type[m.Model] | None = None
    body_optional: bool = False
    answer: type[m.Model] | None = None
    items: type[m.Model] | None = None
    success: tuple[int, ...] = (200,)
    file: bool = False
    since: str | None = None
    until: str | None = None
    early: Early | None = None
    respelled: tuple[str, ...] = ()

    @property
    def parameters(self) -> tuple[str, ...]:
        """Names of the path's parameters, in order."""
        return _parameters(self.path)

    @property
    def takes(self) -> frozenset[str]:
        """Names of the options."""
        return frozenset(self.options.__annotations__)


@functools.cache
def _parameters(path: str) -> tuple[str, ...]:
    return tuple(part.split("}", 1)[0] for part in path.split("{")[1:])


OPERATIONS: dict[str, Operation[Any]] = {}
"""All rows by operation id."""


def _row(id: str, request: str, options: type, **columns: Any) -> Operation[Any]:
    method, path = request.split(" ", 1)
    OPERATIONS[id] = Operation(id=id, method=method, path=path, options=options, **columns)
    return OPERATIONS[id]


def _read(
    id: str, request: str, options: type, answer: type[A], body: type[m.Model] | None = None, **more: Any
) -> Operation[A]:
    return _row(id, request, options, answer=answer, body=body, **more)


def _list(id: str, request: str, options: type, items: type[A], **more: Any) -> Operation[A]:
    return _row(id, request, options, items=items, **more)


def _act(
    id: str, request: str, options: type, body: type[m.Model] | None = None, *, success: int = 200, **more: Any
) -> Operation[None]:
    return _row(id, request, options, body=body, success=(success,), **more)


def _ask(id: str, request: str, options: type) -> Operation[bool]:
    return _row(id, request, options, success=(200, 404))


def _file(id: str, request: str, options: type) -> Operation[None]:
    return _row(id, request, options, file=True)


_LAST_CERTIFICATES = "2024-07-01.20.0"
_FIRST_EXTENSIONS = "2021-06-01.14.0"
_FIRST_DEALLOCATION = "2024-07-01.20.0"

# Applications
LIST_APPLICATIONS = _list("Applications_ListApplications", "GET /applications", o.PageOptions, m.ApplicationSummary)
GET_APPLICATION = _read(
    "Applications_GetApplication", "GET /applications/{applicationId}", o.CallOptions, m.ApplicationSummary
)

# Certificates
LIST_CERTIFICATES = _list(
    "Certificates_ListCertificates",
    "GET /certificates",
    o.FilterSelectListOptions,
    m.Certificate,
    until=_LAST_CERTIFICATES,
)
CREATE_CERTIFICATE = _act(
    "Certificates_CreateCertificate",
    "POST /certificates",
    o.CallOptions,
    m.Certificate,
    success=201,
    until=_LAST_CERTIFICATES,
)
GET_CERTIFICATE = _read(
    "Certificates_GetCertificate",
    "GET /certificates(thumbprintAlgorithm={thumbprintAlgorithm},thumbprint={thumbprint})",
    o.SelectOptions,
    m.Certificate,
    until=_LAST_CERTIFICATES,
)
DELETE_CERTIFICATE = _act(
    "Certificates_DeleteCertificate",
    "DELETE /certificates(thumbprintAlgorithm={thumbprintAlgorithm},thumbprint={thumbprint})",
    o.CallOptions,
    success=202,
    until=_LAST_CERTIFICATES,
)
CANCEL_CERTIFICATE_DELETION = _act(
    "Certificates_CancelCertificateDeletion",
    "POST /certificates(thumbprintAlgorithm={thumbprintAlgorithm},thumbprint={thumbprint})/canceldelete",
    o.CallOptions,
    success=204,
    until=_LAST_CERTIFICATES,
)

# Jobs
LIST_JOBS = _list("Jobs_ListJobs", "GET /jobs", o.ListOptions, m.CloudJob)
LIST_JOBS_FROM_SCHEDULE = _list(
    "Jobs_ListJobsFromSchedule", "GET /jobschedules/{jobScheduleId}/jobs", o.ListOptions, m.CloudJob
)
CREATE_JOB = _act("Jobs_CreateJob", "POST /jobs", o.CallOptions, m.JobAddParameter, success=201)
GET_JOB = _read("Jobs_GetJob", "GET /jobs/{jobId}", o.ConditionalReadOptions, m.CloudJob)
REPLACE_JOB = _act("Jobs_ReplaceJob", "PUT /jobs/{jobId}", o.ConditionalOptions, m.CloudJob)
UPDATE_JOB = _act("Jobs_UpdateJob", "PATCH /jobs/{jobId}", o.ConditionalOptions, m.JobPatchParameter)
DELETE_JOB = _act("Jobs_DeleteJob", "DELETE /jobs/{jobId}", o.ForceOptions, success=202)
DISABLE_JOB = _act(
    "Jobs_DisableJob", "POST /jobs/{jobId}/disable", o.ConditionalOptions, m.JobDisableParameter, success=202
)
ENABLE_JOB = _act("Jobs_EnableJob", "POST /jobs/{jobId}/enable", o.ConditionalOptions, success=202)
TERMINATE_JOB = _act(
    "Jobs_TerminateJob",
    "POST /jobs/{jobId}/terminate",
    o.ForceOptions,
    m.JobTerminateParameter,
    success=202,
    body_optional=True,
)
GET_JOB_TASK_COUNTS = _read(
    "Jobs_GetJobTaskCounts",
    "GET /jobs/{jobId}/taskcounts",
    o.CallOptions,
    m.TaskCountsResult,
    early=Early(
        answer=m.TaskCounts, to_answer=lambda counts: m.TaskCountsResult(task_counts=counts), until="2020-03-01.11.0"
    ),
)
LIST_JOB_PREPARATION_AND_RELEASE_TASK_STATUS = _list(
    "Jobs_ListJobPreparationAndReleaseTaskStatus",
    "GET /jobs/{jobId}/jobpreparationandreleasetaskstatus",
    o.FilterSelectListOptions,
    m.JobPreparationAndReleaseTaskExecutionInformation,
)

# Tasks
LIST_TASKS = _list("Tasks_ListTasks", "GET /jobs/{jobId}/tasks", o.ListOptions, m.CloudTask)
CREATE_TASK = _act("Tasks_CreateTask", "POST /jobs/{jobId}/tasks", o.CallOptions, m.TaskAddParameter, success=201)
CREATE_TASK_COLLECTION = _read(
    "Tasks_CreateTaskCollection",
    "POST /jobs/{jobId}/addtaskcollection",
    o.CallOptions,
    m.TaskAddCollectionResult,
    m.TaskAddCollectionParameter,
)
GET_TASK = _read("Tasks_GetTask", "GET /jobs/{jobId}/tasks/{taskId}", o.ConditionalReadOptions, m.CloudTask)
REPLACE_TASK = _act("Tasks_ReplaceTask", "PUT /jobs/{jobId}/tasks/{taskId}", o.ConditionalOptions, m.CloudTask)
DELETE_TASK = _act("Tasks_DeleteTask", "DELETE /jobs/{jobId}/tasks/{taskId}", o.ConditionalOptions)
TERMINATE_TASK = _act(
    "Tasks_TerminateTask", "POST /jobs/{jobId}/tasks/{taskId}/terminate", o.ConditionalOptions, success=204
)
REACTIVATE_TASK = _act(
    "Tasks_ReactivateTask", "POST /jobs/{jobId}/tasks/{taskId}/reactivate", o.ConditionalOptions, success=204
)
LIST_SUBTASKS = _list(
    "Tasks_ListSubTasks", "GET /jobs/{jobId}/tasks/{taskId}/subtasksinfo", o.SubtaskListOptions, m.SubtaskInformation
)
LIST_TASK_FILES = _list("Tasks_ListTaskFiles", "GET /jobs/{jobId}/tasks/{taskId}/files", o.FileListOptions, m.NodeFile)
GET_TASK_FILE = _file("Tasks_GetTaskFile", "GET /jobs/{jobId}/tasks/{taskId}/files/{filePath}", o.FileOptions)
GET_TASK_FILE_PROPERTIES = _file(
    "Tasks_GetTaskFileProperties", "HEAD /jobs/{jobId}/tasks/{taskId}/files/{filePath}", o.FilePropertiesOptions
)
DELETE_TASK_FILE = _act(
    "Tasks_DeleteTaskFile", "DELETE /jobs/{jobId}/tasks/{taskId}/files/{filePath}", o.RecursiveOptions
)

# Job schedules
LIST_JOB_SCHEDULES = _list("JobSchedules_ListJobSchedules", "GET /jobschedules", o.ListOptions, m.CloudJobSchedule)
CREATE_JOB_SCHEDULE = _act(
    "JobSchedules_CreateJobSchedule", "POST /jobschedules", o.CallOptions, m.JobScheduleAddParameter, success=201
)
GET_JOB_SCHEDULE = _read(
    "JobSchedules_GetJobSchedule", "GET /jobschedules/{jobScheduleId}", o.ConditionalReadOptions, m.CloudJobSchedule
)
JOB_SCHEDULE_EXISTS = _ask("JobSchedules_JobScheduleExists", "HEAD /jobschedules/{jobScheduleId}", o.ConditionalOptions)
REPLACE_JOB_SCHEDULE = _act(
    "JobSchedules_ReplaceJobSchedule", "PUT /jobschedules/{jobScheduleId}", o.ConditionalOptions, m.CloudJobSchedule
)
UPDATE_JOB_SCHEDULE = _act(
    "JobSchedules_UpdateJobSchedule",
    "PATCH /jobschedules/{jobScheduleId}",
    o.ConditionalOptions,
    m.JobSchedulePatchParameter,
)
DELETE_JOB_SCHEDULE = _act(
    "JobSchedules_DeleteJobSchedule", "DELETE /jobschedules/{jobScheduleId}", o.ForceOptions, success=202
)
DISABLE_JOB_SCHEDULE = _act(
    "JobSchedules_DisableJobSchedule", "POST /jobschedules/{jobScheduleId}/disable", o.ConditionalOptions, success=204
)
ENABLE_JOB_SCHEDULE = _act(
    "JobSchedules_EnableJobSchedule", "POST /jobschedules/{jobScheduleId}/enable", o.ConditionalOptions, success=204
)
TERMINATE_JOB_SCHEDULE = _act(
    "JobSchedules_TerminateJobSchedule", "POST /jobschedules/{jobScheduleId}/terminate", o.ForceOptions, success=202
)

# Pools
LIST_POOLS = _list("Pools_ListPools", "GET /pools", o.ListOptions, m.CloudPool)
CREATE_POOL = _act("Pools_CreatePool", "POST /pools", o.CallOptions, m.PoolAddParameter, success=201)
GET_POOL = _read("Pools_GetPool", "GET /pools/{poolId}", o.ConditionalReadOptions, m.CloudPool)
POOL_EXISTS = _ask("Pools_PoolExists", "HEAD /pools/{poolId}", o.ConditionalOptions)
UPDATE_POOL = _act("Pools_UpdatePool", "PATCH /pools/{poolId}", o.ConditionalOptions, m.PoolPatchParameter)
REPLACE_POOL_PROPERTIES = _act(
    "Pools_ReplacePoolProperties",
    "POST /pools/{poolId}/updateproperties",
    o.CallOptions,
    m.PoolUpdatePropertiesParameter,
    success=204,
)
DELETE_POOL = _act("Pools_DeletePool", "DELETE /pools/{poolId}", o.ConditionalOptions, success=202)
RESIZE_POOL = _act(
    "Pools_ResizePool", "POST /pools/{poolId}/resize", o.ConditionalOptions, m.PoolResizeParameter, success=202
)
STOP_POOL_RESIZE = _act("Pools_StopPoolResize", "POST /pools/{poolId}/stopresize", o.ConditionalOptions, success=202)
ENABLE_POOL_AUTO_SCALE = _act(
    "Pools_EnablePoolAutoScale",
    "POST /pools/{poolId}/enableautoscale",
    o.ConditionalOptions,
    m.PoolEnableAutoScaleParameter,
)
DISABLE_POOL_AUTO_SCALE = _act("Pools_DisablePoolAutoScale", "POST /pools/{poolId}/disableautoscale", o.CallOptions)
EVALUATE_POOL_AUTO_SCALE = _read(
    "Pools_EvaluatePoolAutoScale",
    "POST /pools/{poolId}/evaluateautoscale",
    o.CallOptions,
    m.AutoScaleRun,
    m.PoolEvaluateAutoScaleParameter,
)
REMOVE_NODES = _act(
    "Pools_RemoveNodes", "POST /pools/{poolId}/removenodes", o.ConditionalOptions, m.NodeRemoveParameter, success=202
)
LIST_POOL_NODE_COUNTS = _list(
    "Pools_ListPoolNodeCounts", "GET /nodecounts", o.FilterListOptions, m.PoolNodeCounts, respelled=("upgradingOS",)
)
LIST_POOL_USAGE_METRICS = _list(
    "Pools_ListPoolUsageMetrics", "GET /poolusagemetrics", o.UsageListOptions, m.PoolUsageMetrics
)
LIST_SUPPORTED_IMAGES = _list(
    "Pools_ListSupportedImages", "GET /supportedimages", o.FilterListOptions, m.ImageInformation
)

# Nodes
LIST_NODES = _list("Nodes_ListNodes", "GET /pools/{poolId}/nodes", o.FilterSelectListOptions, m.ComputeNode)
GET_NODE = _read("Nodes_GetNode", "GET /pools/{poolId}/nodes/{nodeId}", o.SelectOptions, m.ComputeNode)
REBOOT_NODE = _act(
    "Nodes_RebootNode",
    "POST /pools/{poolId}/nodes/{nodeId}/reboot",
    o.CallOptions,
    m.NodeRebootParameter,
    success=202,
    body_optional=True,
)
REIMAGE_NODE = _act(
    "Nodes_ReimageNode",
    "POST /pools/{poolId}/nodes/{nodeId}/reimage",
    o.CallOptions,
    m.NodeReimageParameter,
    body_optional=True,
    success=202,
)
START_NODE = _act(
    "Nodes_StartNode",
    "POST /pools/{poolId}/nodes/{nodeId}/start",
    o.CallOptions,
    success=202,
    since=_FIRST_DEALLOCATION,
)
DEALLOCATE_NODE = _act(
    "Nodes_DeallocateNode",
    "POST /pools/{poolId}/nodes/{nodeId}/deallocate",
    o.CallOptions,
    m.NodeDeallocateParameter,
    body_optional=True,
    success=202,
    since=_FIRST_DEALLOCATION,
)
DISABLE_NODE_SCHEDULING = _act(
    "Nodes_DisableNodeScheduling",
    "POST /pools/{poolId}/nodes/{nodeId}/disablescheduling",
    o.CallOptions,
    m.NodeDisableSchedulingParameter,
    body_optional=True,
)
ENABLE_NODE_SCHEDULING = _act(
    "Nodes_EnableNodeScheduling", "POST /pools/{poolId}/nodes/{nodeId}/enablescheduling", o.CallOptions
)
GET_NODE_REMOTE_LOGIN_SETTINGS = _read(
    "Nodes_GetNodeRemoteLoginSettings",
    "GET /pools/{poolId}/nodes/{nodeId}/remoteloginsettings",
    o.CallOptions,
    m.ComputeNodeGetRemoteLoginSettingsResult,
)
UPLOAD_NODE_LOGS = _read(
    "Nodes_UploadNodeLogs",
    "POST /pools/{poolId}/nodes/{nodeId}/uploadbatchservicelogs",
    o.CallOptions,
    m.UploadBatchServiceLogsResult,
    m.UploadBatchServiceLogsConfiguration,
)
CREATE_NODE_USER = _act(
    "Nodes_CreateNodeUser", "POST /pools/{poolId}/nodes/{nodeId}/users", o.CallOptions, m.ComputeNodeUser, success=201
)
REPLACE_NODE_USER = _act(
    "Nodes_ReplaceNodeUser",
    "PUT /pools/{poolId}/nodes/{nodeId}/users/{userName}",
    o.CallOptions,
    m.NodeUpdateUserParameter,
)
DELETE_NODE_USER = _act("Nodes_DeleteNodeUser", "DELETE /pools/{poolId}/nodes/{nodeId}/users/{userName}", o.CallOptions)
LIST_NODE_EXTENSIONS = _list(
    "Nodes_ListNodeExtensions",
    "GET /pools/{poolId}/nodes/{nodeId}/extensions",
    o.SelectListOptions,
    m.NodeVMExtension,
    since=_FIRST_EXTENSIONS,
)
GET_NODE_EXTENSION = _read(
    "Nodes_GetNodeExtension",
    "GET /pools/{poolId}/nodes/{nodeId}/extensions/{extensionName}",
    o.SelectOptions,
    m.NodeVMExtension,
    since=_FIRST_EXTENSIONS,
)
LIST_NODE_FILES = _list(
    "Nodes_ListNodeFiles", "GET /pools/{poolId}/nodes/{nodeId}/files", o.FileListOptions, m.NodeFile
)
GET_NODE_FILE = _file("Nodes_GetNodeFile", "GET /pools/{poolId}/nodes/{nodeId}/files/{filePath}", o.FileOptions)
GET_NODE_FILE_PROPERTIES = _file(
    "Nodes_GetNodeFileProperties", "HEAD /pools/{poolId}/nodes/{nodeId}/files/{filePath}", o.FilePropertiesOptions
)
DELETE_NODE_FILE = _act(
    "Nodes_DeleteNodeFile", "DELETE /pools/{poolId}/nodes/{nodeId}/files/{filePath}", o.RecursiveOptions
)
