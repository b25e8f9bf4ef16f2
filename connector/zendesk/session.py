# SPDX-License-Identifier: GPL-3.0-or-later
"""Calls to one Zendesk account over HTTP.

Every address is built from the configured host and a path; addresses found in
answers are never followed, and redirects are refused, so that credentials
cannot leave the host. Reads are repeated when that is safe; writes never are,
but where the helpdesk says that nothing was done.
"""

from __future__ import annotations

import http.client
import threading
import time
from collections import Counter
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Final, TypeVar

import msgspec
import requests
import tenacity
import urllib3

from connector.base import CredentialsRejected, Refused, Throttled, Unavailable
from connector.zendesk import budget as budgets
from connector.zendesk.calls import Answer, Call
from connector.zendesk.errors import Collision, Stopped, raise_for, retry_after
from connector.zendesk.tokens import Tokens
from connector.zendesk.wire import decode

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime, timedelta

    from connector.zendesk.account import ZendeskAccount

T = TypeVar("T")

CONNECT_S: Final = 5.0
SHORT_WAIT_S: Final = 5.0
"""Waits up to this long are slept; longer ones become the caller's `Throttled`."""

_ATTEMPTS: Final = 4
_RETRY_FOR_S: Final = 60.0
_PIECE: Final = 1 << 16
_FAULTS: Final = (
    requests.RequestException,
    urllib3.exceptions.HTTPError,
    http.client.HTTPException,
    OSError,
)


class _Repeat(Exception):
    """A try failed in a way that allows another one after `wait` seconds (None: back off)."""

    def __init__(self, error: Exception, wait: float | None) -> None:
        super().__init__(str(error))
        self.error = error
        self.wait = wait


class Session:
    """Calls to one account; safe to share between threads."""

    def __init__(self, account: ZendeskAccount) -> None:
        self.account = account
        self.budget = account.budget or budgets.MemoryBudget(account.api_share)
        self.skew: timedelta | None = None
        self.tokens = Tokens(account, self._raw_call)
        self._local = threading.local()
        self._spent: Counter[str] = Counter()
        self._lock = threading.Lock()

    def calls_spent(self) -> dict[str, int]:
        """Requests made so far, failed tries included, by method and template."""
        with self._lock:
            return dict(self._spent)

    def get(self, call: Call, shape: type[T]) -> T:
        """Make a read and decode its answer, repeating it while that helps.

        Raises:
            HelpdeskError: see `connector.base`.
            RowUnreadable: the answer is JSON of another shape.
        """
        return self._repeating(lambda: self._json(call, shape))

    def send(self, call: Call, shape: type[T]) -> T:
        """Make a write once and decode its answer.

        Raises:
            Unavailable: it may or may not have been done: read back before a second try.
            HelpdeskError: it was not done.
        """
        return self._repeating(lambda: self._json(call, shape))

    def probe(self, call: Call) -> Answer:
        """Make a call once and return the answer whatever its status, but for 429 and 401."""
        return self._authorized(call)

    def call_once(self, call: Call, authorization: str | None) -> Answer:
        """Send one request as it is, without budget, renewal or repetition."""
        return self._raw_call(call, authorization)

    def count(self, name: str) -> None:
        """Count a request that somebody else made for us."""
        with self._lock:
            self._spent[name] += 1

    def now(self) -> datetime:
        """The helpdesk's present instant."""
        return self.account.clock()

    def pause(self, seconds: float) -> None:
        """Wait so many seconds of the helpdesk's clock.

        Raises:
            Stopped: the process was told to stop meanwhile.
        """
        if self.account.pause(seconds):
            raise Stopped("stopped while waiting")

    def _repeating(self, attempt: Callable[[], T]) -> T:
        retrying = tenacity.Retrying(
            retry=tenacity.retry_if_exception_type(_Repeat),
            stop=tenacity.stop_after_attempt(_ATTEMPTS) | tenacity.stop_after_delay(_RETRY_FOR_S),
            wait=_wait_of,
            sleep=self.pause,
            reraise=True,
        )
        try:
            return retrying(attempt)
        except _Repeat as last:
            raise last.error from None

    def _json(self, call: Call, shape: type[T]) -> T:
        try:
            answer = self._authorized(call)
            if answer.status >= 300:
                self._raise(call, answer)
            return _decoded(call, answer, shape)
        except Collision as error:
            raise _Repeat(error, None) from None
        except Unavailable as error:
            if call.is_read:
                raise _Repeat(error, None) from None
            raise

    def _raise(self, call: Call, answer: Answer) -> None:
        if answer.status < 400:
            raise Refused(f"{call.name}: a redirect is not followed")
        wait = retry_after(answer.headers, self.now())
        if answer.status == 503 and wait is not None and wait > SHORT_WAIT_S and call.is_read:
            raise Throttled(wait, "maintenance")
        raise_for(call.name, answer.status, answer.body)

    def _authorized(self, call: Call) -> Answer:
        """One call with a valid token, repeated once with a new one after a 401."""
        answer = self._within_limits(call)
        if answer.status == 401 and self.tokens.renew():
            answer = self._within_limits(call)
        if answer.status == 401:
            raise CredentialsRejected(f"{call.name}: status 401")
        return answer

    def _within_limits(self, call: Call) -> Answer:
        """One call that the budget allows; a short 429 is slept out once, a long one raised."""
        self._take(call)
        answer = self._raw_call(call, self.tokens.header())
        if answer.status != 429:
            return answer
        wait = self._refused(call, answer)
        if wait > SHORT_WAIT_S:
            raise Throttled(wait, self._empty_bucket(call, answer))
        self.pause(wait)
        self._take(call)
        answer = self._raw_call(call, self.tokens.header())
        if answer.status == 429:
            wait = max(self._refused(call, answer), budgets.seconds_to_full_minute(self.now()))
            raise Throttled(wait, self._empty_bucket(call, answer))
        return answer

    def _take(self, call: Call) -> None:
        buckets = (budgets.ACCOUNT, *call.buckets)
        wait, bucket = self.budget.take(buckets, self.now())
        if 0 < wait <= SHORT_WAIT_S:
            self.pause(wait)
            wait, bucket = self.budget.take(buckets, self.now())
        if wait > 0:
            raise Throttled(wait, bucket)

    def _refused(self, call: Call, answer: Answer) -> float:
        """How long a 429 asks to wait; without a word until the next full minute."""
        now = self.now()
        wait = retry_after(answer.headers, now)
        if wait is None:
            wait = budgets.seconds_to_full_minute(now) + 1.0
        self.budget.refuse(self._empty_bucket(call, answer), wait, now)
        return wait

    @staticmethod
    def _empty_bucket(call: Call, answer: Answer) -> str:
        left = {name: remaining for name, _, remaining in budgets.readings(answer.headers)}
        if call.buckets and left.get(budgets.ACCOUNT, 1) > 0:
            return call.buckets[0]
        return budgets.ACCOUNT

    def _raw_call(self, call: Call, authorization: str | None) -> Answer:
        """Send one request and read its whole answer, whatever its status.

        Raises:
            Unavailable: no connection, too slow, too large, or cut off.
        """
        self.count(call.name)
        begun = time.monotonic()
        ends = begun + call.total_s
        try:
            with self._http().request(
                call.method,
                f"{self.account.base_url.rstrip('/')}{_checked(call.path)}",
                params=dict(call.params),
                data=None if call.body is None else msgspec.json.encode(call.body),
                headers=_headers(call, authorization),
                auth=_no_netrc,
                timeout=(CONNECT_S, call.read_s),
                allow_redirects=False,
                stream=True,
            ) as response:
                body = _read_body(call, response, ends)
                answer = Answer(response.status_code, response.headers, body)
        except (Unavailable, *_FAULTS) as fault:
            self.account.called(call.name, 0, time.monotonic() - begun)
            if isinstance(fault, Unavailable):
                raise
            raise Unavailable(f"{call.name}: {type(fault).__name__}") from None
        self.account.called(call.name, answer.status, time.monotonic() - begun)
        self._learn(answer)
        return answer

    def _http(self) -> requests.Session:
        """This thread's connections; retries belong to us."""
        held: requests.Session | None = getattr(self._local, "session", None)
        if held is None:
            held = requests.Session()
            held.trust_env = not self.account.is_loopback  # no proxy in front of loopback
            held.mount("https://", requests.adapters.HTTPAdapter(max_retries=0))
            held.mount("http://", requests.adapters.HTTPAdapter(max_retries=0))
            self._local.session = held
        return held

    def _learn(self, answer: Answer) -> None:
        now = self.now()
        for bucket, limit, remaining in budgets.readings(answer.headers):
            self.budget.observe(bucket, limit, remaining, now)
            self.account.remains(bucket, remaining)
        try:
            self.skew = parsedate_to_datetime(answer.headers.get("Date", "")) - now
        except (ValueError, TypeError):
            self.skew = None


def _checked(path: str) -> str:
    """A path of the API, and nothing that could name another host."""
    if not path.startswith("/") or path.startswith("//") or "://" in path or "\\" in path:
        raise ValueError("a call takes a path, never an address")
    return path


def _no_netrc(request: requests.PreparedRequest) -> requests.PreparedRequest:
    """Keeps requests from putting a password of the machine's netrc file in our header."""
    return request


def _headers(call: Call, authorization: str | None) -> dict[str, str]:
    headers = {"Accept": "application/json", "User-Agent": "Stipt"}
    if call.body is not None:
        headers["Content-Type"] = "application/json"
    if authorization is not None:
        headers["Authorization"] = authorization
    return headers


def _read_body(call: Call, response: requests.Response, ends: float) -> bytes:
    """The decompressed body, piece by piece: the read time-out alone would allow a drip."""
    pieces: list[bytes] = []
    size = 0
    while True:
        if time.monotonic() > ends:
            raise Unavailable(f"{call.name}: the answer took longer than {call.total_s:.0f} s")
        piece = response.raw.read1(_PIECE, decode_content=True)
        if not piece:
            return b"".join(pieces)
        pieces.append(piece)
        size += len(piece)
        if size > call.most_bytes:
            raise Unavailable(f"{call.name}: the answer is larger than {call.most_bytes} bytes")


def _decoded(call: Call, answer: Answer, shape: type[T]) -> T:
    """The answer in its shape; success that is no JSON is nonsense from something in between."""
    if not answer.body and shape is type(None):
        return decode(b"null", shape)
    kind = answer.headers.get("Content-Type", "").lower()
    if "html" in kind:
        raise Unavailable(f"{call.name}: HTML instead of JSON")
    try:
        msgspec.json.decode(answer.body, type=msgspec.Raw)  # cut JSON may look like another shape
        return decode(answer.body, shape)
    except msgspec.DecodeError:
        raise Unavailable(f"{call.name}: the answer is no complete JSON") from None


def _wait_of(state: tenacity.RetryCallState) -> float:
    error = state.outcome.exception() if state.outcome else None
    if isinstance(error, _Repeat) and error.wait is not None:
        return error.wait
    return tenacity.wait_random_exponential(multiplier=1, max=10)(state)
