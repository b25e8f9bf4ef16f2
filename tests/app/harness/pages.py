# SPDX-License-Identifier: GPL-3.0-or-later
"""One browser, and pages of the app inside the fake Zendesk page."""

from __future__ import annotations

import contextlib
import datetime as dt
import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from playwright.sync_api import Error as BrowserError
from playwright.sync_api import TimeoutError as BrowserTimeout
from playwright.sync_api import sync_playwright

from tests.app.harness.scenarios import WrongScenario, complete
from tests.app.harness.serving import Served

if TYPE_CHECKING:
    from playwright.sync_api import Browser, ElementHandle, Frame

    from tests.app.harness.scenarios import Scenario

HERE = Path(__file__).parent
# Not the root of its host: an absolute link inside the app must break here as it does in Zendesk.
ASSETS = "/0/assets/"
AUDIT = (HERE / "audit.js").read_text(encoding="utf-8").partition("\n")[2].partition("\n")[2]
NOTE_READY = """new MutationObserver(() => {
  if ('ready' in (document.documentElement?.dataset ?? {})) window.readyAt ??= performance.now();
}).observe(document, { attributes: true, childList: true, subtree: true });"""
FLAGS = (
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
    "--font-render-hinting=none",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
)


class NoBrowser(Exception):
    """Chromium is not there, or does not start."""


class Harness(contextlib.AbstractContextManager["Harness"]):
    """One browser and two servers: host page and app have different origins, as in production."""

    def __init__(self, app: Path, *, browser: Browser | None = None) -> None:
        self.app = app.resolve()
        self.manifest = json.loads((app / "manifest.json").read_text(encoding="utf-8"))
        self._given = browser
        self._exit = contextlib.ExitStack()

    def __enter__(self) -> Self:
        with contextlib.ExitStack() as stack:
            self.browser = self._given or started_browser(stack)
            self.host, self.served = Served(HERE, "/"), Served(self.app / "assets", ASSETS)
            stack.callback(self.host.close)
            stack.callback(self.served.close)
            self._exit = stack.pop_all()
        return self

    def __exit__(self, *failure: object) -> None:
        self._exit.close()

    def page_url(self, location: str) -> str:
        """The app's page for a location, from its manifest."""
        places = self.manifest["location"]["support"]
        if location not in places:
            raise WrongScenario(f"manifest has no location support.{location}")
        url: str = places[location]["url"]
        return self.served.url + url.removeprefix("assets/")

    def metadata(self, settings: dict[str, object]) -> dict[str, object]:
        """What the app sees of its installation: defaults filled in, secure settings withheld."""
        parameters = self.manifest["parameters"]
        unknown = set(settings) - {one["name"] for one in parameters}
        if unknown:
            raise WrongScenario(f"settings without a parameter: {', '.join(sorted(unknown))}")
        shown = {
            one["name"]: settings.get(one["name"], one.get("default"))
            for one in parameters
            if not one.get("secure")
        }
        about = {"appId": 0, "installationId": 0, "plan": {"name": None}, "settings": shown}
        return {**about, "name": self.manifest["name"], "version": self.manifest["version"]}

    def open(self, **scenario: Any) -> Page:
        """A page with this scenario; the keys are in `scenarios.DEFAULTS`."""
        return Page(self, complete(**scenario))


def started_browser(stack: contextlib.ExitStack) -> Browser:
    """Debian's Chromium, or the one that CHROMIUM names, until the stack closes.

    Raises:
        NoBrowser: it does not start.
    """
    executable = os.environ.get("CHROMIUM", "/usr/bin/chromium")
    flags = [*FLAGS, "--no-sandbox"] if os.geteuid() == 0 else [*FLAGS]
    playwright = stack.enter_context(sync_playwright())
    try:
        browser = playwright.chromium.launch(executable_path=executable, args=flags)
    except BrowserError as error:
        first = str(error).splitlines()[0]
        raise NoBrowser(f"no browser at {executable}: {first}") from error
    stack.callback(browser.close)
    return browser


class Page(contextlib.AbstractContextManager["Page"]):
    """One scenario in one browser context: `page` is the host page, `frame` the app."""

    frame: Frame

    def __init__(self, harness: Harness, scenario: Scenario) -> None:
        self.harness, self.scenario = harness, scenario
        self.leaks: list[str] = []
        self.errors: list[str] = []
        harness.served.refused.clear()

    def __enter__(self) -> Self:
        wanted = self.scenario
        self.context = self.harness.browser.new_context(
            viewport={"width": wanted["viewport"][0], "height": wanted["viewport"][1]},
            locale=wanted["locale"],
            timezone_id=wanted["timeZone"],
            color_scheme=wanted["osColorScheme"],
            reduced_motion=wanted["reducedMotion"],
            forced_colors=wanted["forcedColors"],
            device_scale_factor=wanted["scale"],
        )
        self.context.add_init_script(NOTE_READY)
        self.page = self.context.new_page()
        self.page.on("request", lambda request: self._look_at(request.url))
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.on(
            "console", lambda said: self.errors.append(said.text) if said.type == "error" else None
        )
        if wanted["now"]:
            self.now = dt.datetime.fromisoformat(wanted["now"])
            self.page.clock.install(time=self.now)
            self.page.clock.set_fixed_time(self.now)
        self.page.goto(f"{self.harness.host.origin}host.html")
        self._mount()
        return self

    def __exit__(self, *failure: object) -> None:
        self.context.close()

    def _mount(self) -> None:
        wanted = self.scenario
        config = {**wanted, "metadata": self.harness.metadata(wanted["settings"])}
        self.page.evaluate(
            "([config, url]) => { window.host = new FakeZendesk(config); host.mount(url); }",
            [config, self.harness.page_url(wanted["location"])],
        )
        frame = self.element().content_frame()
        assert frame is not None
        self.frame = frame
        try:
            self.frame.wait_for_selector(wanted["ready"], state="attached", timeout=10_000)
        except BrowserTimeout:
            self.errors.append(f"the app never matched {wanted['ready']}")
        self.settle()

    def _look_at(self, url: str) -> None:
        """No other host is ever reached (see FLAGS); who asks for one is noted."""
        if not url.startswith((self.harness.host.origin, self.harness.served.origin)):
            self.leaks.append(url)

    def element(self) -> ElementHandle:
        """The app's frame as the host page has it."""
        found = self.page.query_selector("iframe")
        assert found is not None
        return found

    def settle(self, quiet_ms: int = 60, limit_ms: int = 3000) -> None:
        """Wait until the app has stopped asking the host for things."""
        last, waited = None, 0
        while waited < limit_ms:
            count = self.page.evaluate(
                "Object.values(host.seen).reduce((sum, list) => sum + list.length, 0)"
            )
            if count == last:
                return
            last, waited = count, waited + quiet_ms
            self.page.wait_for_timeout(quiet_ms)

    def change(self, values: dict[str, object]) -> None:
        """Set values of the ticket (or `colorScheme`) and tell the app, as Zendesk does."""
        for path, value in values.items():
            self.page.evaluate("([path, value]) => host.change(path, value)", [path, value])
        self.page.wait_for_timeout(250)  # the app waits 200 ms for more of them
        self.settle()

    def fire(self, event: str, message: object = None) -> None:
        """Tell the app of an event."""
        self.page.evaluate("([event, message]) => host.fire(event, message)", [event, message])
        self.page.wait_for_timeout(250)
        self.settle()

    def advance(self, seconds: float) -> None:
        """Move the clock of page and app; each timer that is due fires once."""
        self.now += dt.timedelta(seconds=seconds)
        self.page.clock.set_fixed_time(self.now)
        self.page.clock.fast_forward(int(seconds * 1000))
        self.settle()

    def picture(self, file: Path) -> Path:
        """A picture of the app's frame alone."""
        file.parent.mkdir(parents=True, exist_ok=True)
        self.element().screenshot(path=file)
        return file

    def ready_ms(self) -> float:
        """Milliseconds from the request for the app's page until it was drawn (no fixed `now`)."""
        found: float = self.frame.evaluate("window.readyAt")
        return found

    def text(self) -> str:
        """What a person reads in the app."""
        return self.frame.inner_text("main")

    def seen(self) -> dict[str, Any]:
        """What the host page has seen of the app."""
        found: dict[str, Any] = self.page.evaluate("host.report()")
        return found

    def audit(self) -> dict[str, Any]:
        """Contrast, overflow and height of the app's page."""
        found: dict[str, Any] = self.frame.evaluate(AUDIT)
        return found

    def faults(self) -> list[str]:
        """What must not be: errors, a broken protocol, requests elsewhere, files that are lost."""
        refused = [f"not served: {path}" for path in self.harness.served.refused]
        leaks = [f"asked for {url}" for url in self.leaks]
        problems: list[str] = self.seen()["problems"]
        return [*self.errors, *problems, *leaks, *refused]
