# SPDX-License-Identifier: GPL-3.0-or-later
"""Would a slip in the engine be noticed? Changes it in one place at a time and runs the tests.

    python benchmarks/mutants.py                      # the seeded sample of docs/mutants.md
    python benchmarks/mutants.py --sample 1000 --seed 7
    python benchmarks/mutants.py --at rules/clocks.py:118   # every mutant of one line
    python benchmarks/mutants.py --list               # draw, run nothing

The files are copied to a temporary folder and changed only there. A mutant is
killed when a test fails or does not end in time. Hypothesis runs with fixed
seeds, so the same commit gives the same figures.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import signal
import sys
import tempfile
from collections import Counter
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path
from time import monotonic, sleep
from typing import TYPE_CHECKING

import hypothesis
import msgspec
import psycopg
import pytest
import redis
import structlog
from mutations import Mutant, mutants_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

ROOT = Path(__file__).resolve().parent.parent
COPIED = ("rules", "connector", "worker", "tests", "examples", "pyproject.toml")
CALENDARS = tuple(sorted(str(p.relative_to(ROOT)) for p in ROOT.glob("rules/calendar*.py")))
ENGINE = tuple(
    f"rules/{name}.py"
    for name in ("timeline", "cycles", "dues", "clocks", "select", "evaluate", "steps")
)
CALENDAR_TESTS = (
    "test_calendar_scenarios",
    "test_calendar_days",
    "test_calendar_arguments",
    "test_calendar_zones",
    "test_calendar_table",
    "test_calendar_vectors",
    "test_calendar_properties",
)
ENGINE_TESTS = (
    "test_semantics",
    "test_semantics_cycles",
    "test_semantics_clocks",
    "test_semantics_verdicts",
    "test_semantics_scenarios",
    "test_engine_edges",
    "test_selection",
    "test_steps",
    "test_explain",
    "test_detail",
    "test_plan",
    "test_sla_events",
    "test_engine_oracle",
)
SEED, SAMPLE = 20261123, 420
PRELOADED = (
    hypothesis,
    msgspec,
    psycopg,
    redis,
    structlog,
)  # what every run imports is imported once, here
SLOWEST = 90.0


@dataclass(frozen=True)
class Outcome:
    """How a mutant ended: `killed`, `timeout` or `survived`."""

    mutant: Mutant
    ended: str
    seconds: float


def main() -> None:
    options = _options()
    os.nice(10)
    mutants = list(_chosen(options))
    if options.list:
        for mutant in mutants:
            print(mutant)
        return
    outcomes = []
    with tempfile.TemporaryDirectory(prefix="stipt-mutants-") as folder:
        copies = [_copy(Path(folder) / str(number)) for number in range(options.jobs)]
        _check_that_tests_notice(copies[0])
        for outcome in _outcomes(mutants, copies):
            outcomes.append(outcome)
            _progress(len(outcomes), len(mutants), outcome)
            if options.out:
                _write(options.out, outcome)
    _print_figures(outcomes)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seed", type=int, default=SEED, help=f"of the sample ({SEED})")
    parser.add_argument("--sample", type=int, default=SAMPLE, help=f"how many mutants ({SAMPLE})")
    parser.add_argument("--at", action="append", default=[], metavar="FILE[:LINE]")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="at a time")
    parser.add_argument("--list", action="store_true", help="print the mutants, run nothing")
    parser.add_argument("--out", type=Path, help="add every outcome to this file, a JSON line each")
    return parser.parse_args()


def _chosen(options: argparse.Namespace) -> Iterator[Mutant]:
    """The sample, in the order of files and lines; with --at everything at those places."""
    everything = [m for file in (*ENGINE, *CALENDARS) for m in mutants_of(ROOT, file)]
    if options.at:
        places = set(options.at)
        yield from (m for m in everything if places & {m.file, f"{m.file}:{m.line}"})
        return
    drawn = set(sorted(everything, key=lambda m: _lot(options.seed, m))[: options.sample])
    print(f"{len(drawn)} of {len(everything)} mutants, seed {options.seed}")
    yield from (m for m in everything if m in drawn)


def _lot(seed: int, mutant: Mutant) -> str:
    """A mutant's lot: the same wherever it stands, so that an edit elsewhere changes no draw."""
    return sha256(f"{seed} {mutant.identity}".encode()).hexdigest()


def _copy(folder: Path) -> Path:
    unwanted = shutil.ignore_patterns("__pycache__", ".hypothesis", "*.pyc")
    folder.mkdir()
    for name in COPIED:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, folder / name, ignore=unwanted)
        else:
            shutil.copy(ROOT / name, folder / name)
    return folder


def _check_that_tests_notice(copy: Path) -> None:
    """The unchanged files must pass, and a file that cannot be read must fail."""
    for file in (CALENDARS[0], ENGINE[0]):
        if _wait(_start(copy, file)) != "survived":
            sys.exit(f"the tests for {file} fail or are too slow before anything was changed")
    intact = (copy / ENGINE[0]).read_text(encoding="utf-8")
    (copy / ENGINE[0]).write_text("nothing can be imported from here\n", encoding="utf-8")
    if _wait(_start(copy, ENGINE[0])) != "killed":
        sys.exit("the tests do not run the copied files")
    (copy / ENGINE[0]).write_text(intact, encoding="utf-8")


@dataclass(frozen=True)
class _Run:
    process: int
    since: float


def _start(copy: Path, file: str) -> _Run:
    """Run the tests of a file in a child that has the libraries already."""
    names = (*CALENDAR_TESTS, *ENGINE_TESTS) if file in CALENDARS else ENGINE_TESTS
    process = os.fork()
    if process:
        return _Run(process, monotonic())
    os.chdir(copy)
    os.environ["HYPOTHESIS_PROFILE"] = "fixed"
    os.environ.setdefault("STIPT_SHARED", str(ROOT.parent / "shared"))
    sys.dont_write_bytecode = True
    sys.path[0] = str(copy)
    silent = os.open(os.devnull, os.O_WRONLY)
    os.dup2(silent, 1)
    os.dup2(silent, 2)
    flags = [
        "-x",
        "-q",
        "--assert=plain",
        "-p",
        "no:randomly",
        "-p",
        "no:cacheprovider",
        "--timeout=20",
    ]
    tests = [str(path) for n in names if (path := copy / "tests/rules" / f"{n}.py").exists()]
    code = 70
    try:
        code = int(pytest.main([*flags, *tests]))
    finally:
        os._exit(code)


def _wait(run: _Run) -> str:
    while (ended := _ended(run)) is None:
        sleep(0.05)
    return ended


def _ended(run: _Run) -> str | None:
    process, status = os.waitpid(run.process, os.WNOHANG)
    if process:
        return "survived" if os.waitstatus_to_exitcode(status) == 0 else "killed"
    if monotonic() - run.since < SLOWEST * 4:
        return None
    os.kill(run.process, signal.SIGKILL)
    os.waitpid(run.process, 0)
    return "timeout"


def _outcomes(mutants: Iterable[Mutant], copies: list[Path]) -> Iterator[Outcome]:
    waiting = list(reversed(list(mutants)))
    running: dict[Path, tuple[Mutant, str, _Run]] = {}
    while waiting or running:
        for copy in copies:
            if copy in running:
                mutant, intact, run = running[copy]
                ended = _ended(run)
                if ended is None:
                    continue
                del running[copy]
                (copy / mutant.file).write_text(intact, encoding="utf-8")
                yield Outcome(mutant, ended, monotonic() - run.since)
            if waiting:
                mutant = waiting.pop()
                intact = (copy / mutant.file).read_text(encoding="utf-8")
                (copy / mutant.file).write_text(mutant.applied_to(intact), encoding="utf-8")
                running[copy] = (mutant, intact, _start(copy, mutant.file))
        sleep(0.02)


def _write(file: Path, outcome: Outcome) -> None:
    with file.open("a", encoding="utf-8") as lines:
        line = {**asdict(outcome.mutant), "ended": outcome.ended, "seconds": outcome.seconds}
        lines.write(json.dumps(line) + "\n")


def _progress(done: int, total: int, outcome: Outcome) -> None:
    if outcome.ended == "survived":
        print(f"\r[{done}/{total}] survived: {outcome.mutant} ({outcome.seconds:.0f} s)")
    elif sys.stdout.isatty():
        print(f"\r[{done}/{total}]", end="", flush=True)


def _print_figures(outcomes: list[Outcome]) -> None:
    made = Counter(each.mutant.file for each in outcomes)
    survived = Counter(each.mutant.file for each in outcomes if each.ended == "survived")
    print(f"\n{'file':32}{'mutants':>9}{'killed':>9}{'survived':>10}")
    for file, count in made.items():
        print(f"{file:32}{count:>9}{count - survived[file]:>9}{survived[file]:>10}")
    total, left = made.total(), survived.total()
    print(f"{'together':32}{total:>9}{total - left:>9}{left:>10}")
    print(f"{(total - left) / max(total, 1):.1%} killed")


if __name__ == "__main__":
    main()
