"""Which options of `batchio submit` go together.

Law: decided before anything is opened, and told with the name of the option.
"""

from __future__ import annotations

from .codes import CommandError
from .options import SubmitOptions
from .sweeping import part_of


def check_options(options: SubmitOptions) -> None:
    """Raise `CommandError` for a value that cannot be, or options that exclude each other."""
    for name in ("attempts", "max_requests"):
        if getattr(options, name) < 1:
            raise CommandError(f"--{name.replace('_', '-')}: at least 1, not {getattr(options, name)}")
    for name in ("patience", "deadline", "progress", "quota_timeout"):
        seconds = getattr(options, name)
        if seconds is not None and not seconds > 0:
            raise CommandError(f"--{name.replace('_', '-')}: seconds above 0, not {seconds:g}")
    if options.resume and not options.journal:
        raise CommandError("--resume needs --journal: the file to go on with")
    if options.journal and options.emulator:
        raise CommandError("--journal: the service of --emulator ends with this command, and nothing can go on there")
    _check_job(options)


def _check_job(options: SubmitOptions) -> None:
    if options.create_job and options.job_json:
        raise CommandError("--create-job and --job-json: the job is created in one way")
    if options.create_job and not options.pool:
        raise CommandError("--create-job needs --pool: the pool that the job's tasks run on")
    if options.pool and options.job_json:
        raise CommandError("--pool: the file of --job-json says where the job runs")
    if options.pool and not (options.create_job or options.emulator):
        raise CommandError("--pool is for a job that is created: add --create-job")
    if options.wait_for_quota and not (options.create_job or options.job_json or options.emulator):
        raise CommandError("--wait-for-quota is for a job that is created: add --create-job or --job-json")
    if options.terminate_when_done and options.shard and part_of(options.shard).of > 1:
        raise CommandError(
            "--terminate-when-done: a shard does not know when the others are through; set onAllTasksComplete when all "
            "of them are"
        )
