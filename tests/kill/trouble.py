# SPDX-License-Identifier: GPL-3.0-or-later
"""What goes wrong in the sandbox while workers are killed: every kind of fault that it knows."""

from connector.sandbox.faults import Fault

EXPORTS = "^incremental/"
WRITES = "^tickets/"

FAULTS = (
    Fault("throttled", probability=0.02, retry_after=3),
    Fault("throttled_without_retry_after", probability=0.01),
    Fault("throttled_retry_zero", probability=0.01),
    Fault("throttled_http_date", probability=0.01, retry_after=3),
    Fault("throttled_plain_text", path=WRITES, probability=0.01, retry_after=3),
    Fault("unavailable", probability=0.01),
    Fault("unavailable_retry_after", probability=0.01, retry_after=3),
    Fault("server_error", probability=0.01),
    Fault("bad_gateway", probability=0.01),
    Fault("html", probability=0.01),
    Fault("token_expired", probability=0.01),
    Fault("cursor_expired", path=EXPORTS, probability=0.005),
    Fault("reset", probability=0.02),
    Fault("executed_then_reset", path=WRITES, probability=0.04),
    Fault("reset_mid_page", probability=0.02),
    Fault("truncated", path=EXPORTS, probability=0.03),
    Fault("slow", probability=0.01, seconds=0.2),
    Fault("drip", probability=0.01, seconds=0.2),
    Fault("empty_page", path=EXPORTS, probability=0.05),
    Fault("repeated_page", path=EXPORTS, probability=0.03),
    Fault("duplicate_items", path=EXPORTS, probability=0.1),
    Fault("host_change", path=EXPORTS, probability=0.2),
    Fault("clock_ahead", probability=0.02),
    Fault("clock_behind", probability=0.02),
    Fault("conflict", path=r"^tickets/\d+$", method="PUT", probability=0.02),
    Fault("database_conflict", path=WRITES, probability=0.01),
    Fault("job_failed_items", path="update_many", probability=0.1),
    Fault("job_failed", path="update_many", probability=0.01),
    Fault("job_gone", path="job_statuses", probability=0.02),
)
