"""The one boundary: where an exception becomes an answer."""

from __future__ import annotations

import structlog
from werkzeug.exceptions import HTTPException, MethodNotAllowed

from aurora.contract.errors import ContractError
from aurora.settings import Settings
from aurora.web.answers import Reply, has_envelope, is_side_path, plain_reply, refusal
from aurora.web.build import Build
from aurora.web.request import Arrived

log = structlog.get_logger(__name__)

_CODES = {404: "NOT_FOUND", 405: "METHOD_NOT_ALLOWED", 413: "PAYLOAD_TOO_LARGE"}


class Boundary:
    """What is answered for an exception. failed: error code of a 500, by path (contract A 5)."""

    def __init__(self, settings: Settings, build: Build, failed: dict[str, str]) -> None:
        self._settings = settings
        self._service = build.service
        self._failed = failed

    def __call__(self, error: Exception, request: Arrived) -> Reply:
        """Refusals as they are, the framework's in our shape; anything else is a bug: logged, and a 500."""
        if isinstance(error, ContractError):
            return refusal(error, request, self._settings)
        if isinstance(error, HTTPException) and error.code is not None and error.code < 500:
            if isinstance(error, MethodNotAllowed) and error.valid_methods:
                allowed = ", ".join(sorted({*error.valid_methods, "OPTIONS"}))
                request.extra_headers = {**request.extra_headers, "Allow": allowed}
            code = _CODES.get(error.code, "BAD_REQUEST")
            return refusal(ContractError(error.code, code), request, self._settings)
        log.error("unhandled", route=request.route, method=request.method, exc_info=error)
        if has_envelope(request.path) or is_side_path(request.path):
            code = self._failed.get(request.route or "", "INTERNAL_ERROR")
            return refusal(ContractError(500, code), request, self._settings)
        shown = {
            "error": "INTERNAL_ERROR",
            "message": "Something went wrong on our side.",
            "service": self._service,
        }
        return plain_reply(shown, 500, request.extra_headers)
