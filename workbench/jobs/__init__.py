"""Jobs: long work in processes of its own, with a folder as the only way back.

start_job → launcher (waits for the device, becomes the worker) → markers; job_status reads the folder
"""

from workbench.jobs.control import (
    GRACE_SECONDS,
    captured_command,
    crlft_command,
    crlft_crew_command,
    new_job_id,
    put_first,
    restore_job,
    resume_job,
    start_job,
    staying_command,
    stop_job,
    trash_job,
)
from workbench.jobs.device import default_device
from workbench.jobs.status import iterate_jobs, job_status, list_jobs, queue_ahead

__all__ = [
    "GRACE_SECONDS",
    "captured_command",
    "crlft_command",
    "crlft_crew_command",
    "default_device",
    "iterate_jobs",
    "job_status",
    "list_jobs",
    "new_job_id",
    "put_first",
    "queue_ahead",
    "restore_job",
    "resume_job",
    "start_job",
    "staying_command",
    "stop_job",
    "trash_job",
]
