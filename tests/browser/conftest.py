"""A real browser on a real service: the system's Chromium, a database, the sandbox, some turns to see."""

from __future__ import annotations

import asyncio
import os
import shutil
import tempfile
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx2
import pytest
import trio
from playwright.sync_api import Browser, Page, sync_playwright

from aurora.sandbox import Sandbox, serve_sandbox
from tests.conftest import execute, in_database
from tests.support.server import running_server

KEY = "the key of these tests"
SCRIPT = "<script>alert('hello')</script>"
FLAGS = [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
]  # fmt: skip
ENV = {
    "AURORA_OPS_ADMIN_KEY": KEY,
    "AURORA_BFF_CHAT_BUDGET_MS": "1500",
    "AURORA_BFF_CHAT_RECO_BUDGET_MS": "1500",
    "AURORA_BFF_ANALYSIS_BUDGET_MS": "1500",
    "AURORA_BREAKER_ENABLED": "false",
    "AURORA_BFF_AUTH_ENABLED": "true",
    "AURORA_BFF_AUTH_PEPPER": "the pepper of these tests",
    "AURORA_BFF_AUTH_EMAIL_PROVIDER": "file",
    "LOG_LEVEL": "error",
}
FACTS = {
    "skinType": "oily",
    "sensitivity": "low",
    "barrierStatus": "healthy",
    "goals": ["acne", "dark_spots"],
}
RECO = {"action": {"action_id": "chip.start.reco_products", "kind": "chip"}}


@pytest.fixture(scope="session")
def chromium_path() -> str:
    """The browser. Missing is a failure, not a skip."""
    found = os.environ.get("AURORA_CHROMIUM") or shutil.which("chromium")
    assert found, "Chromium is missing: apt-get install chromium, or set AURORA_CHROMIUM to one"
    return found


@pytest.fixture(scope="session")
def browser(chromium_path: str, site: str) -> Iterator[Browser]:
    """A headless browser without any profile; each page gets a context of its own.

    After `site`: while Playwright is at work, no other event loop can run in this thread.
    """
    # trio-asyncio answers for asyncio everywhere once it is imported; Playwright needs the plain loop.
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(asyncio, "new_event_loop", asyncio.SelectorEventLoop)
        started = sync_playwright().start()
    try:
        found = started.chromium.launch(executable_path=chromium_path, args=FLAGS)
        yield found
        found.close()
    finally:
        started.stop()


def record_turns(url: str) -> None:
    """A morning at the service: answers, refusals, a stalled upstream, a client that leaves."""
    with httpx2.Client(base_url=url, timeout=20, trust_env=False) as client:

        def ask(path: str, body: object, uid: str = "ada", timeout: float = 20, lang: str = "EN") -> None:
            headers = {"X-Aurora-UID": uid, "X-Lang": lang, "X-Brief-ID": f"brief-{uid}"}
            try:
                client.post(path, json=body, headers=headers, timeout=timeout)
            except httpx2.TimeoutException:
                assert timeout < 20, "only who wants to leaves early"

        for number in range(22):
            ask(
                "/v1/chat",
                {"message": f"Is sunscreen number {number} fine for me?"},
                uid=f"guest-{number % 3}",
            )
        ask("/v1/chat", {"message": SCRIPT}, uid="mallory")
        ask("/v1/chat", RECO)
        ask("/v1/profile/update", FACTS)
        ask("/v1/analysis/skin", {"currentRoutine": "AM: cleanser, SPF. PM: retinol, cream."})
        ask("/v1/chat", RECO)
        ask("/v1/chat", {"message": "化脓 剧痛，推荐"}, uid="lin", lang="CN")
        ask("/v1/tracker/log", {"redness": 2, "acne": 1, "notes": "tight after the shower"})
        ask("/v1/chat", {"message": "hello [[sandbox:stall]]"}, uid="gone", timeout=0.3)
        ask("/v1/chat", {"message": "what about sunscreen [[sandbox:garbage]]"})
        ask("/v1/chat", {"message": "How long does a serum keep? [[sandbox:stall]]"})


class Quiet(SimpleHTTPRequestHandler):
    """Serves this folder and says nothing."""

    def log_message(self, *_: Any) -> None:
        """Nobody reads it."""


@pytest.fixture(scope="session")
def origin() -> Iterator[str]:
    """Where the page comes from: another port is another origin, so every call of its is preflighted."""
    served = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(Path(__file__).parent)))
    thread = threading.Thread(target=served.serve_forever)
    thread.start()
    try:
        yield f"http://localhost:{served.server_address[1]}"
    finally:
        served.shutdown()
        thread.join()
        served.server_close()


@pytest.fixture(scope="session")
def mails(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file that mails of the service go to."""
    return tmp_path_factory.mktemp("mails") / "mails.txt"


@pytest.fixture(scope="session")
def site(database_url: str, template: str, mails: Path, origin: str) -> Iterator[str]:
    """The URL of a service, in a thread with a trio of its own: Playwright's API blocks."""
    name = f"browser_{os.getpid()}"
    execute(database_url, f"create database {name} template {template}")
    up, done = threading.Event(), threading.Event()
    told: dict[str, str] = {}

    async def serve() -> None:
        async with trio.open_nursery() as nursery:

            async def sandbox(*, task_status: trio.TaskStatus[str]) -> None:
                await serve_sandbox("127.0.0.1", 0, sandbox=Sandbox(), task_status=task_status)

            upstream = await nursery.start(sandbox)
            env = {
                "DATABASE_URL": in_database(database_url, name),
                "AURORA_DECISION_BASE_URL": upstream, "PIVOTA_BACKEND_BASE_URL": upstream,
                "AURORA_BFF_AUTH_EMAIL_FILE": str(mails), "ALLOWED_ORIGINS": origin, **ENV,
            }  # fmt: skip
            async with running_server(env=env) as server:
                told["url"] = server.url
                up.set()
                await trio.to_thread.run_sync(done.wait)
            nursery.cancel_scope.cancel()

    thread = threading.Thread(target=trio.run, args=(serve,))
    thread.start()
    try:
        assert up.wait(40), "the service did not start"
        record_turns(told["url"])
        yield told["url"]
    finally:
        done.set()
        thread.join(40)
        execute(database_url, f"drop database {name} with (force)")


@pytest.fixture
def images() -> Iterator[Path]:
    """Where pictures go: AURORA_SCREENSHOTS if it is set, else nowhere for long."""
    kept = os.environ.get("AURORA_SCREENSHOTS")
    if kept:
        yield Path(kept)
        return
    with tempfile.TemporaryDirectory() as path:
        yield Path(path)


class Watched:
    """A page whose complaints and requests are kept."""

    def __init__(self, page: Page, site: str) -> None:
        self.page = page
        self.complaints: list[str] = []
        self.foreign: list[str] = []
        page.on("console", lambda message: self.complaints.append(message.text))
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("dialog", lambda dialog: (self.complaints.append(dialog.message), dialog.dismiss()))
        page.on("request", lambda made: None if made.url.startswith(site) else self.foreign.append(made.url))


@pytest.fixture
def open_page(browser: Browser, site: str) -> Iterator[object]:
    """Opens pages, signed in: `open_page(width=360, dark=True)`; in the end nobody may have complained."""
    opened: list[Watched] = []

    def open_one(width: int = 1280, *, dark: bool = False, script: bool = True) -> Page:
        context = browser.new_context(
            viewport={"width": width, "height": 900}, color_scheme="dark" if dark else "light",
            base_url=site, java_script_enabled=script, timezone_id="Asia/Shanghai",
        )  # fmt: skip
        context.set_default_timeout(4_000)
        page = context.new_page()
        opened.append(Watched(page, site))
        page.goto("/ops/replay")
        page.get_by_label("Admin key").fill(KEY)
        page.get_by_role("button", name="Open").click()
        page.get_by_role("heading", name="Recent turns").wait_for()
        return page

    yield open_one
    for watched in opened:
        assert watched.complaints == []
        assert watched.foreign == []
        watched.page.context.close()
