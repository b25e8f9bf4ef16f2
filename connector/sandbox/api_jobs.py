# SPDX-License-Identifier: GPL-3.0-or-later
"""Starting and reading bulk jobs."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from connector.sandbox.answers import Answer, Refusal
from connector.sandbox.endpoints import Endpoint
from connector.sandbox.faults import JOBS
from connector.sandbox.jobs import JobRow, Work, job_json

if TYPE_CHECKING:
    from connector.sandbox.jobs import Job
    from connector.sandbox.site import Call
    from connector.sandbox.wire import Json

FAILING_SHARE = 0.2


def job_answer(call: Call, work: Work) -> Answer:
    """Queue a job, with the fault that this request meets, and answer its record."""
    site = call.site
    fault = site.faults.draw(JOBS, call.method, call.path)
    name = fault.kind if fault else None
    if name == "job_failed_items":
        rows = [_failing(row) if site.faults.chance() < FAILING_SHARE else row for row in work.rows]
        work = replace(work, rows=rows)
    now = site.clock.seconds()
    job = site.jobs.start(work, now, fault=name)
    return Answer(200, {"job_status": job_json(job, call.links, site.settings, now)})


def _failing(row: JobRow) -> JobRow:
    def run(at: int) -> Json:
        del at
        return {
            "id": row.ident,
            "action": row.action,
            "success": False,
            "error": "TicketUpdateFailed",
            "details": "Try again later",
        }

    return JobRow(run, row.ident, row.action)


def show(call: Call) -> Answer:
    """`GET /job_statuses/{id}`."""
    return Answer(200, {"job_status": _shown(call, call.site.jobs.find(call.params["job"]))})


def show_many(call: Call) -> Answer:
    """`GET /job_statuses/show_many?ids=`: those that can still be read."""
    found = []
    for ident in call.query.get("ids", "").split(","):
        try:
            found.append(_shown(call, call.site.jobs.find(ident.strip())))
        except Refusal:
            continue
    body: Json = {
        "job_statuses": found,
        "next_page": None,
        "previous_page": None,
        "count": len(found),
    }
    return Answer(200, body)


def index(call: Call) -> Answer:
    """`GET /job_statuses`: all jobs of the last day."""
    rows = [_shown(call, job) for job in call.site.jobs.all()]
    body: Json = {
        "job_statuses": rows,
        "next_page": None,
        "previous_page": None,
        "count": len(rows),
    }
    return Answer(200, body)


def _shown(call: Call, job: Job) -> Json:
    return job_json(job, call.links, call.site.settings, call.site.clock.seconds())


ENDPOINTS = (
    Endpoint("GET", "job_statuses", index),
    Endpoint("GET", "job_statuses/show_many", show_many),
    Endpoint("GET", "job_statuses/{job}", show),
)
