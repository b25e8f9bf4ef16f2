# SPDX-License-Identifier: GPL-3.0-or-later
"""Work shared among the cores: questions go out, answers come back in their order."""

from __future__ import annotations

import gc
import multiprocessing
import os
import signal
import sys
from collections import deque
from concurrent.futures import ProcessPoolExecutor
from typing import TYPE_CHECKING, Generic, TypeVar, cast

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from concurrent.futures import Future
    from types import TracebackType

Given = TypeVar("Given")
Question = TypeVar("Question")
Answer = TypeVar("Answer")

_WAITING_PER_PROCESS = 3
"""So many questions are out per process: none is idle, and few answers are held."""


class Team(Generic[Given]):
    """Processes that were all given the same thing, or this process alone.

    What is given is handed over by forking, so it need not be loaded again;
    only Linux forks safely, elsewhere this process works alone.
    """

    def __init__(self, given: Given, processes: int) -> None:
        self._given = given
        self._size = processes if sys.platform == "linux" else 1
        self._pool: ProcessPoolExecutor | None = None

    def __enter__(self) -> Team[Given]:
        if self._size > 1:
            self._pool = ProcessPoolExecutor(
                self._size,
                mp_context=multiprocessing.get_context("fork"),
                initializer=_begin,
                initargs=(self._given,),
            )
            # All of them begin now, before this process opens files and connections.
            self._pool.submit(_begun).result()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=True)

    def ask(
        self, work: Callable[[Given, Question], Answer], questions: Iterable[Question]
    ) -> Iterator[Answer]:
        """What `work` answers to each question, in their order.

        Args:
            work: a function of a module (it is sent by its name), or a partial of one.
            questions: taken a few ahead of the answers.

        Raises:
            Exception: whatever `work` raises.
        """
        if self._pool is None:
            for question in questions:
                yield work(self._given, question)
            return
        known = cast("Callable[[object, Question], Answer]", work)
        asked: deque[Future[Answer]] = deque()
        for question in questions:
            asked.append(self._pool.submit(_answer, known, question))
            if len(asked) >= self._size * _WAITING_PER_PROCESS:
                yield asked.popleft().result()
        while asked:
            yield asked.popleft().result()


def cores() -> int:
    """How many processes can work at once on this machine."""
    return len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1


_own: list[object] = []
"""What a process of a team was given; empty in the process that started it."""


def _begin(given: object) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is answered by the starting process
    gc.freeze()  # what was there before the work need not be looked over again and again
    _own.append(given)


def _begun() -> None:
    """The first question to a team, which only wakes it."""


def _answer(work: Callable[[object, Question], Answer], question: Question) -> Answer:
    return work(_own[-1], question)
