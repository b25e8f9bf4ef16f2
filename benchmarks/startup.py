# SPDX-License-Identifier: GPL-3.0-or-later
"""How long `stipt --help` takes beside an empty typer program, and what it loads.

    python benchmarks/startup.py [RUNS]

Both programs are run in turn, so that a busy machine slows both; the medians
are compared. The difference may be 30 ms at most, and none of the heavy
modules may be loaded.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import time

HEAVY = frozenset(
    {"zenpy", "sqlalchemy", "sentry_sdk", "apprise", "holidays", "alembic", "dramatiq", "starlette"}
)
LIMIT_MS = 30.0

EMPTY = """
import sys, typer
app = typer.Typer()
@app.command()
def one(): "Do one thing."
@app.command()
def two(): "Do another."
app(sys.argv[1:], standalone_mode=False)
"""
STIPT = "import sys; from worker.cli.main import run; sys.exit(run(sys.argv[1:]))"
LOADED = """
import json, sys
from worker.cli.main import run
run(["--help"])
print(json.dumps(sorted({name.partition(".")[0] for name in sys.modules})), file=sys.stderr)
"""


def milliseconds(program: str) -> float:
    """Wall time of one run of `--help`."""
    begun = time.perf_counter()
    run_python(program, "--help")
    return (time.perf_counter() - begun) * 1000


def heavy_modules() -> list[str]:
    """The heavy modules that `stipt --help` loads."""
    return sorted(set(json.loads(run_python(LOADED).splitlines()[-1])) & HEAVY)


def run_python(program: str, *arguments: str) -> str:
    """Run a program in an interpreter of its own; what it wrote to standard error."""
    command = [sys.executable, "-c", program, *arguments]
    done = subprocess.run(command, check=True, capture_output=True, text=True)  # noqa: S603 - ours
    return done.stderr


def measure(runs: int) -> tuple[float, float]:
    """Medians in milliseconds: of the empty program, and of Stipt."""
    pairs = [(milliseconds(EMPTY), milliseconds(STIPT)) for _ in range(runs + 1)][1:]
    empty, stipt = zip(*pairs, strict=True)
    return statistics.median(empty), statistics.median(stipt)


if __name__ == "__main__":
    number = int(sys.argv[1]) if len(sys.argv) > 1 else 15
    empty_ms, stipt_ms = measure(number)
    loaded = heavy_modules()
    print(f"empty typer program --help   {empty_ms:6.0f} ms (median of {number})")
    print(f"stipt --help                 {stipt_ms:6.0f} ms")
    print(f"difference                   {stipt_ms - empty_ms:6.0f} ms (limit {LIMIT_MS:.0f})")
    print(f"heavy modules loaded         {', '.join(loaded) or 'none'}")
    sys.exit(1 if loaded or stipt_ms - empty_ms > LIMIT_MS else 0)
