# SPDX-License-Identifier: GPL-3.0-or-later
"""Bulk jobs: queued, then some rows a second, at the end one result per row."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from connector.sandbox.answers import Refusal, not_found
from connector.sandbox.wire import Json, as_object

if TYPE_CHECKING:
    import random
    from collections.abc import Callable, Sequence

    from connector.sandbox.render import Links
    from connector.sandbox.settings import SandboxSettings

QUEUE_SECONDS = 1.0
SLOWEST, FASTEST = 5.0, 13.0
RECORD_LIFE = 86400


@dataclass(frozen=True, slots=True)
class JobRow:
    """One row of a job: `run` does it at an instant and tells the result."""

    run: Callable[[int], Json]
    ident: int | None = None
    action: str = "update"


@dataclass(frozen=True, slots=True)
class Work:
    """What a job is to do: `kind` and `verb` as shown, rows in the order they are done."""

    kind: str
    verb: str
    rows: Sequence[JobRow]
    shows_total: bool = True


@dataclass(slots=True)
class Job:
    """A job and how far it is: one row after the other, each at its own second."""

    id: str
    work: Work
    queued: float
    rate: float
    done: list[Json] = field(default_factory=list)
    fault: str | None = None

    @property
    def rows(self) -> Sequence[JobRow]:
        """The rows, in the order they are done."""
        return self.work.rows

    @property
    def ends(self) -> float:
        """When the last row is done."""
        return self.queued + QUEUE_SECONDS + len(self.rows) / self.rate

    def run_until(self, now: float) -> None:
        """Do the rows that are due."""
        if self.fault in {"job_stuck", "job_failed"}:
            return
        while len(self.done) < len(self.rows):
            due = self.queued + QUEUE_SECONDS + (len(self.done) + 1) / self.rate
            if due > now:
                return
            self.done.append(self.rows[len(self.done)].run(int(due)))

    @property
    def is_complete(self) -> bool:
        """Whether every row has been done."""
        return len(self.done) == len(self.rows)


class Jobs:
    """The account's jobs, running on the sandbox's clock."""

    def __init__(self, settings: SandboxSettings, rng: random.Random) -> None:
        self._settings = settings
        self._rng = rng
        self._jobs: dict[str, Job] = {}

    def start(self, work: Work, now: float, *, fault: str | None = None) -> Job:
        """Queue a job.

        Raises:
            Refusal: too many jobs are open.
        """
        self.run_until(now)
        if sum(not job.is_complete for job in self._jobs.values()) >= self._most_open:
            status = self._settings.assumptions.too_many_jobs_status
            text = "Too many jobs are queued or running. Try again later."
            raise Refusal(status, {"error": "TooManyJobs", "description": text})
        ident = f"V3-{self._rng.getrandbits(128):032x}"
        rate = self._settings.job_rows_per_second or self._rng.uniform(SLOWEST, FASTEST)
        job = Job(ident, work, now, rate, fault=fault)
        self._jobs[ident] = job
        return job

    def run_until(self, now: float) -> None:
        """Do what is due in all jobs and forget those older than a day."""
        for job in self._jobs.values():
            job.run_until(now)
        self._jobs = {
            ident: job for ident, job in self._jobs.items() if now - job.queued < RECORD_LIFE
        }

    def find(self, ident: str) -> Job:
        """A job that can still be read.

        Raises:
            Refusal: 404 when its record is gone.
        """
        job = self._jobs.get(ident)
        if job is None or job.fault == "job_gone":
            raise not_found()
        return job

    def all(self) -> list[Job]:
        """All jobs that are still known, newest first."""
        return list(reversed(self._jobs.values()))

    @property
    def _most_open(self) -> int:
        return self._settings.effective_limits.open_jobs


def job_json(job: Job, links: Links, settings: SandboxSettings, now: float) -> Json:
    """A job as `GET /job_statuses/{id}` shows it."""
    row: Json = {"id": job.id}
    if settings.era != "2023":
        row["job_type"] = job.work.kind
    total = len(job.rows) if job.work.shows_total else None
    row |= {"url": links.to("job_statuses", job.id), "total": total}
    return row | _state(job, now)


def _state(job: Job, now: float) -> Json:
    if job.fault == "job_failed":
        return {"progress": None, "status": "failed", "message": "Failed", "results": None}
    if job.is_complete and job.rows:
        return {
            "progress": len(job.done) if job.work.shows_total else None,
            "status": "completed",
            "message": f"Completed at {_ruby_time(int(job.ends))}",
            "results": _results(job),
        }
    if now < job.queued + QUEUE_SECONDS:
        return {"progress": None, "status": "queued", "message": None, "results": None}
    return {
        "progress": len(job.done),
        "status": "working",
        "message": f"{job.work.verb} #{len(job.done)}",
        "results": None,
    }


def _results(job: Job) -> object:
    if not job.work.shows_total:
        return {"success": True}
    if job.done and "index" in job.done[0]:
        return sorted(job.done, key=lambda row: int(str(row["index"])))
    return list(job.done)


def failed_row(ident: int, action: str, refusal: Refusal, keys: tuple[str, ...]) -> Json:
    """A row that could not be done; the job goes on."""
    body = as_object(refusal.answer.body)
    row: Json = {
        "id": ident,
        "action": action,
        "success": False,
        "status": "Failed",
        "error": body.get("error"),
        "details": _words(body),
    }
    return {key: row[key] for key in keys}


def _words(body: Json) -> str:
    details = as_object(body.get("details"))
    for value in details.values():
        if isinstance(value, list) and value:
            return str(as_object(value[0]).get("description"))
    return str(body.get("description"))


def _ruby_time(at: int) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M:%S +0000")
