"""The shell of our own pages: templates, the three static files, and the headers that go on each of them.

Nothing is fetched from elsewhere and no script or style stands inside a page: the policy forbids both.
"""

from __future__ import annotations

import hashlib
from importlib import resources
from typing import Any, Final

import jinja2
import msgspec
from quart import Blueprint
from quart_trio.wrappers import TrioResponse

from aurora.web.answers import Reply
from aurora.web.request import current_request

POLICY: Final = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'"
)
_GUARDS: Final = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",  # without any, browsers send `Origin: null` with our own forms
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
_STATIC: Final = {
    "ops.css": "text/css; charset=utf-8",
    "ops.js": "text/javascript; charset=utf-8",
    "icon.svg": "image/svg+xml",
}


class Pages:
    """Renders pages. Templates escape everything that they are given."""

    def __init__(self) -> None:
        here = resources.files("aurora.web")
        self._files = {name: (here / "static" / name).read_bytes() for name in _STATIC}
        digest = hashlib.sha256(b"".join(self._files.values())).hexdigest()[:12]
        self._env = jinja2.Environment(
            loader=jinja2.PackageLoader("aurora.web"),
            autoescape=True,
            undefined=jinja2.StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._env.globals["digest"] = digest
        self._env.filters["pretty"] = pretty

    def page(
        self, template: str, status: int = 200, headers: dict[str, str] | None = None, **shown: Any
    ) -> Reply:
        """A page, never stored by browsers or proxies."""
        text = self._env.get_template(f"replay/{template}").render(shown)
        guards = {**_GUARDS, "Cache-Control": "no-store", **(headers or {})}
        return Reply(status, text.encode("utf-8", "replace"), guards, "text/html; charset=utf-8")

    def data(self, body: bytes) -> Reply:
        """JSON for somebody to keep."""
        return Reply(200, body, {**_GUARDS, "Cache-Control": "no-store"})

    def elsewhere(self, path: str, headers: dict[str, str] | None = None) -> Reply:
        """Go and look there."""
        told = {**_GUARDS, "Cache-Control": "no-store", "Location": path, **(headers or {})}
        return Reply(303, b"", told)

    def static(self, blueprint: Blueprint) -> None:
        """Add the routes of the static files; pages name them with a digest, so they may be kept."""
        for name in _STATIC:
            blueprint.add_url_rule(
                f"/ops/static/{name}", endpoint=name.replace(".", "_"), view_func=self._file
            )

    async def _file(self) -> TrioResponse:
        name = current_request().path.rpartition("/")[2].lower()
        kept = {**_GUARDS, "Cache-Control": "public, max-age=31536000, immutable"}
        return Reply(200, self._files[name], kept, _STATIC[name]).as_response()


def pretty(value: Any) -> str:
    """Plain data as indented JSON."""
    return msgspec.json.format(msgspec.json.encode(value), indent=2).decode("utf-8", "replace")
