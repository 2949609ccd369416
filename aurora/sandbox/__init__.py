"""The understudies: a small Quart app that plays the upstreams, well or badly, on demand."""

from aurora.sandbox.app import create_sandbox
from aurora.sandbox.black_hole import Swallowed, serve_black_hole
from aurora.sandbox.script import BEHAVIOURS, BadScriptError, Sandbox
from aurora.sandbox.serve import serve_sandbox

__all__ = [
    "BEHAVIOURS",
    "BadScriptError",
    "Sandbox",
    "Swallowed",
    "create_sandbox",
    "serve_black_hole",
    "serve_sandbox",
]
