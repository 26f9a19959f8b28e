"""The words of the API.

Law: open. A known value in another letter case is the known member, an unknown one survives as it came.
"""

from __future__ import annotations

from .base import OpenEnum


class AccessScope(OpenEnum):
    """What a task's token grants."""

    JOB = "job"
    """All operations on the task's own job."""


class AllocationState(OpenEnum):
    """Whether a pool is changing its size."""

    STEADY = "steady"
    """No nodes come or go."""
    RESIZING = "resizing"
    """Nodes come or go."""
    STOPPING = "stopping"
    """A resize is being stopped."""


class AutoUserScope(OpenEnum):
    """For whom the service makes an account."""

    TASK = "task"
    """An account for one task alone."""
    POOL = "pool"
    """The account that all tasks of a node share."""


class CachingType(OpenEnum):
    """What a disk caches."""

    NONE = "none"
    READ_ONLY = "readonly"
    READ_WRITE = "readwrite"


class CertificateFormat(OpenEnum):
    """The format of a certificate's file."""

    PFX = "pfx"
    CER = "cer"


class CertificateState(OpenEnum):
    """The state of a certificate."""

    ACTIVE = "active"
    DELETING = "deleting"
    DELETE_FAILED = "deletefailed"
    """Pools or nodes still use it."""


class CertificateStoreLocation(OpenEnum):
    """The Windows store that takes a certificate."""

    CURRENT_USER = "currentuser"
    LOCAL_MACHINE = "localmachine"


class CertificateVisibility(OpenEnum):
    """Which accounts see the private part of a certificate."""

    START_TASK = "starttask"
    """The account of the start task."""
    TASK = "task"
    """The accounts of tasks."""
    REMOTE_USER = "remoteuser"
    """The accounts for logging in."""


class ComputeNodeDeallocateOption(OpenEnum):
    """What becomes of running tasks when a node is deallocated."""

    REQUEUE = "requeue"
    """Terminated and put back into the queue; they run again on other nodes."""
    TERMINATE = "terminate"
    """Terminated, and completed as failed; they do not run again."""
    TASK_COMPLETION = "taskcompletion"
    """Awaited; no new tasks start meanwhile."""
    RETAINED_DATA = "retaineddata"
    """Awaited, and so are the retention times of all tasks; no new tasks start meanwhile."""


class ComputeNodeDeallocationOption(OpenEnum):
    """What becomes of running tasks when nodes leave a pool."""

    REQUEUE = "requeue"
    """Terminated and put back into the queue; they run again on other nodes."""
    TERMINATE = "terminate"
    """Terminated, and completed as failed; they do not run again."""
    TASK_COMPLETION = "taskcompletion"
    """Awaited; no new tasks start meanwhile."""
    RETAINED_DATA = "retaineddata"
    """Awaited, and so are the retention times of all tasks; no new tasks start meanwhile."""


class ComputeNodeFillType(OpenEnum):
    """How tasks are laid out over nodes."""

    SPREAD = "spread"
    """Evenly over all nodes."""
    PACK = "pack"
    """One node is filled before the next gets any."""


class ComputeNodeRebootOption(OpenEnum):
    """What becomes of running tasks when a node is rebooted."""

    REQUEUE = "requeue"
    """Terminated and put back into the queue; they run again on other nodes."""
    TERMINATE = "terminate"
    """Terminated, and completed as failed; they do not run again."""
    TASK_COMPLETION = "taskcompletion"
    """Awaited; no new tasks start meanwhile."""
    RETAINED_DATA = "retaineddata"
    """Awaited, and so are the retention times of all tasks; no new tasks start meanwhile."""


class ComputeNodeReimageOption(OpenEnum):
    """What becomes of running tasks when a node is reimaged."""

    REQUEUE = "requeue"
    """Terminated and put back into the queue; they run again on other nodes."""
    TERMINATE = "terminate"
    """Terminated, and completed as failed; they do not run again."""
    TASK_COMPLETION = "taskcompletion"
    """Awaited; no new tasks start meanwhile."""
    RETAINED_DATA = "retaineddata"
    """Awaited, and so are the retention times of all tasks; no new tasks start meanwhile."""


class ComputeNodeState(OpenEnum):
    """The state of a node."""

    IDLE = "idle"
    """Runs no task."""
    REBOOTING = "rebooting"
    REIMAGING = "reimaging"
    RUNNING = "running"
    """Runs tasks other than the start task."""
    UNUSABLE = "unusable"
    """Cannot run tasks; see the node's errors."""
    CREATING = "creating"
    """Its machine is there, and has not begun to join the pool."""
    STARTING = "starting"
    """The service is starting on it."""
    WAITING_FOR_START_TASK = "waitingforstarttask"
    """The start task runs, and others wait for it."""
    START_TASK_FAILED = "starttaskfailed"
    """The start task failed for good, and others were to wait for it: takes no tasks."""
    UNKNOWN = "unknown"
    """The service has lost contact."""
    LEAVING_POOL = "leavingpool"
    """Removed, or the pool is getting smaller."""
    OFFLINE = "offline"
    """Runs no task and takes none: scheduling is disabled."""
    PREEMPTED = "preempted"
    """A spot node that was taken away; its tasks run again elsewhere."""
    UPGRADING_OS = "upgradingos"
    DEALLOCATED = "deallocated"
    DEALLOCATING = "deallocating"


class ContainerHostDataPath(OpenEnum):
    """A directory of the node that a container can see."""

    SHARED = "Shared"
    """Which multi-instance tasks share."""
    STARTUP = "Startup"
    """Of the start task."""
    VFS_MOUNTS = "VfsMounts"
    """All file systems that are mounted."""
    TASK = "Task"
    """Of the task itself."""
    JOB_PREP = "JobPrep"
    """Of the job preparation task."""
    APPLICATIONS = "Applications"
    """Of application packages."""


class ContainerType(OpenEnum):
    """The container engine of a pool."""

    DOCKER_COMPATIBLE = "dockerCompatible"
    CRI_COMPATIBLE = "criCompatible"


class ContainerWorkingDirectory(OpenEnum):
    """Where a task's command line starts in its container."""

    TASK_WORKING_DIRECTORY = "taskWorkingDirectory"
    """The task's own, with its resource files."""
    CONTAINER_IMAGE_DEFAULT = "containerImageDefault"
    """The image's own, without the resource files."""


class DependencyAction(OpenEnum):
    """What the end of a task means to the tasks that wait for it."""

    SATISFY = "satisfy"
    """They can go on."""
    BLOCK = "block"
    """They keep waiting."""


class DiffDiskPlacement(OpenEnum):
    """Where an ephemeral disk of the operating system lies."""

    CACHE_DISK = "cachedisk"
    """On the cache of the machine."""


class DisableComputeNodeSchedulingOption(OpenEnum):
    """What becomes of running tasks when a node takes no more."""

    REQUEUE = "requeue"
    """Terminated and put back into the queue; they run again on other nodes."""
    TERMINATE = "terminate"
    """Terminated, and completed as failed; they do not run again."""
    TASK_COMPLETION = "taskcompletion"
    """Awaited; no new tasks start meanwhile."""


class DisableJobOption(OpenEnum):
    """What becomes of running tasks when their job is disabled."""

    REQUEUE = "requeue"
    """Terminated and put back into the queue; they run again when the job is enabled."""
    TERMINATE = "terminate"
    """Terminated, and completed as failed; they do not run again."""
    WAIT = "wait"
    """Awaited."""


class DiskEncryptionTarget(OpenEnum):
    """A disk that is encrypted."""

    OS_DISK = "osdisk"
    TEMPORARY_DISK = "temporarydisk"


class DynamicVNetAssignmentScope(OpenEnum):
    """Whether jobs can take nodes into a network of theirs."""

    NONE = "none"
    JOB = "job"
    """For the time of the job."""


class ElevationLevel(OpenEnum):
    """Whether an account is an administrator's."""

    NON_ADMIN = "nonadmin"
    ADMIN = "admin"


class ErrorCategory(OpenEnum):
    """Whose error it was."""

    USER_ERROR = "usererror"
    """The caller's, such as a wrong setting."""
    SERVER_ERROR = "servererror"
    """The service's own."""


class HostEndpointSettingsModeTypes(OpenEnum):
    """Whether a breach of access rules is only logged."""

    AUDIT = "Audit"
    ENFORCE = "Enforce"


class InboundEndpointProtocol(OpenEnum):
    """The protocol of an endpoint."""

    TCP = "tcp"
    UDP = "udp"


class IPAddressProvisioningType(OpenEnum):
    """Who provides public addresses."""

    BATCH_MANAGED = "batchmanaged"
    """The service, as many as are needed."""
    USER_MANAGED = "usermanaged"
    """The caller."""
    NO_PUBLIC_IP_ADDRESSES = "nopublicipaddresses"
    """Nobody: nodes have none."""


class IPFamily(OpenEnum):
    """The family of public addresses."""

    IPV4 = "IPv4"
    IPV6 = "IPv6"


class JobAction(OpenEnum):
    """What the end of a task does to its job."""

    NONE = "none"
    DISABLE = "disable"
    """Disables it; running tasks go back into the queue."""
    TERMINATE = "terminate"
    """Terminates it, with the reason `TaskFailed`."""


class JobDefaultOrder(OpenEnum):
    """The order among jobs of the same priority."""

    NONE = "none"
    CREATION_TIME = "creationtime"


class JobPreparationTaskState(OpenEnum):
    """The state of a preparation task on a node."""

    RUNNING = "running"
    COMPLETED = "completed"


class JobReleaseTaskState(OpenEnum):
    """The state of a release task on a node."""

    RUNNING = "running"
    COMPLETED = "completed"


class JobScheduleState(OpenEnum):
    """The state of a job schedule."""

    ACTIVE = "active"
    """Makes jobs."""
    COMPLETED = "completed"
    """Over: its end has come and it will make no jobs."""
    DISABLED = "disabled"
    """Makes no jobs until it is enabled."""
    TERMINATING = "terminating"
    DELETING = "deleting"


class JobState(OpenEnum):
    """The state of a job."""

    ACTIVE = "active"
    """Tasks can be scheduled."""
    DISABLING = "disabling"
    """Waits for what runs."""
    DISABLED = "disabled"
    """No tasks run, and none start."""
    ENABLING = "enabling"
    TERMINATING = "terminating"
    """Waits for what runs, release tasks included."""
    COMPLETED = "completed"
    """Over; takes no tasks and no changes."""
    DELETING = "deleting"
    """Waits for what runs; then it is gone."""


class LoginMode(OpenEnum):
    """How an account logs in on Windows."""

    BATCH = "batch"
    """`LOGON32_LOGON_BATCH`, for long parallel work."""
    INTERACTIVE = "interactive"
    """`LOGON32_LOGON_INTERACTIVE`; on Windows an elevated user is then held back by UAC."""


class NetworkSecurityGroupRuleAccess(OpenEnum):
    """Whether a rule lets traffic in."""

    ALLOW = "allow"
    DENY = "deny"


class NodeCommunicationMode(OpenEnum):
    """How nodes and service talk to each other."""

    DEFAULT = "default"
    """The service chooses."""
    CLASSIC = "classic"
    """The service calls the nodes, on ports that must be open."""
    SIMPLIFIED = "simplified"
    """The nodes call the service."""


class NodePlacementPolicyType(OpenEnum):
    """Where a pool's nodes are placed."""

    REGIONAL = "regional"
    """Anywhere in the region, in one zone."""
    ZONAL = "zonal"
    """Spread over zones."""


class OnAllTasksComplete(OpenEnum):
    """What happens when all tasks of a job are completed."""

    NO_ACTION = "noaction"
    """Stays active."""
    TERMINATE_JOB = "terminatejob"
    """Is terminated, with the reason `AllTasksComplete`."""


class OnTaskFailure(OpenEnum):
    """What happens when a task of a job fails."""

    NO_ACTION = "noaction"
    """Stays active."""
    PERFORM_EXIT_OPTIONS_JOB_ACTION = "performexitoptionsjobaction"
    """What the task's exit conditions say."""


class OSType(OpenEnum):
    """The operating system of an image."""

    LINUX = "linux"
    WINDOWS = "windows"


class OutputFileUploadCondition(OpenEnum):
    """After which end of the process output files are uploaded."""

    TASK_SUCCESS = "tasksuccess"
    """Exit code 0."""
    TASK_FAILURE = "taskfailure"
    """Any other exit code."""
    TASK_COMPLETION = "taskcompletion"
    """Any exit code."""


class PoolIdentityType(OpenEnum):
    """Whether a pool has identities."""

    USER_ASSIGNED = "UserAssigned"
    NONE = "None"


class PoolLifetimeOption(OpenEnum):
    """How long a pool lives that was made for a job or schedule."""

    JOB_SCHEDULE = "jobschedule"
    """As long as the schedule; for schedules only."""
    JOB = "job"
    """As long as the job; each job of a schedule gets its own."""


class PoolState(OpenEnum):
    """The state of a pool."""

    ACTIVE = "active"
    DELETING = "deleting"


class SchedulingState(OpenEnum):
    """Whether a node takes tasks."""

    ENABLED = "enabled"
    DISABLED = "disabled"
    """Takes no new tasks; those that run go on."""


class SecurityEncryptionTypes(OpenEnum):
    """What of a confidential machine's disk is encrypted."""

    NON_PERSISTED_TPM = "NonPersistedTPM"
    VM_GUEST_STATE_ONLY = "VMGuestStateOnly"
    DISK_WITH_VM_GUEST_STATE = "DiskWithVMGuestState"


class SecurityTypes(OpenEnum):
    """The security type of a virtual machine."""

    TRUSTED_LAUNCH = "trustedLaunch"
    CONFIDENTIAL_VM = "confidentialVM"


class StartTaskState(OpenEnum):
    """The state of a start task on a node."""

    RUNNING = "running"
    COMPLETED = "completed"
    """Has ended well or failed for good."""


class StatusLevelTypes(OpenEnum):
    """The weight of a status."""

    ERROR = "Error"
    INFO = "Info"
    WARNING = "Warning"


class StorageAccountType(OpenEnum):
    """The storage of a disk."""

    STANDARD_LRS = "standard_lrs"
    PREMIUM_LRS = "premium_lrs"
    STANDARD_SSD_LRS = "standardssd_lrs"


class SubtaskState(OpenEnum):
    """The state of a subtask."""

    PREPARING = "preparing"
    """Assigned to a node, and waits for the preparation task there."""
    RUNNING = "running"
    COMPLETED = "completed"


class TaskAddStatus(OpenEnum):
    """Whether a task of a collection was added."""

    SUCCESS = "success"
    CLIENT_ERROR = "clienterror"
    """Not added; the same task will be refused again."""
    SERVER_ERROR = "servererror"
    """Not added; the same task may be sent again."""


class TaskExecutionResult(OpenEnum):
    """How a run ended."""

    SUCCESS = "success"
    FAILURE = "failure"
    """Failed before, in or after its process; `failure_info` says how."""


class TaskState(OpenEnum):
    """The state of a task."""

    ACTIVE = "active"
    """In the queue: new, enabled again or waiting for a retry."""
    PREPARING = "preparing"
    """Assigned to a node, and waits for the preparation task there."""
    RUNNING = "running"
    """On a node, downloads included."""
    COMPLETED = "completed"
    """Over: done, failed for good, or terminated."""


class UpgradeMode(OpenEnum):
    """Who starts upgrades of the operating system."""

    AUTOMATIC = "automatic"
    """The platform, for all nodes at the same time."""
    MANUAL = "manual"
    """The caller."""
    ROLLING = "rolling"
    """The platform, in batches."""


class VerificationType(OpenEnum):
    """Whether the service has tested an image with its node agent."""

    VERIFIED = "verified"
    UNVERIFIED = "unverified"
