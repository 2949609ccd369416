"""Every pattern and every reader of words costs time in proportion to the text (decision 37).

Both are found by walking `aurora.rules`, so that a new one is measured without being named here. The text is
made from each pattern's own letters, which is what makes a backtracking pattern work hardest.
"""

from __future__ import annotations

import dataclasses
import importlib
import inspect
import pkgutil
import re
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import msgspec
import pytest

import aurora.rules
from aurora.rules.text import anywhere, pattern
from tests.support.linear import RATIO, Work, ratios, spent

# What costs this little at 10 kB needs no ratio: a step per pair of characters would cost half a second.
CHEAP_S = 0.02
# Patterns that only ever see a text already cut short; the function that cuts it is measured instead.
CUT_SHORT = ("fit_check._UNWRAP",)
COMMON = ("a", " ", "1", "要", "没", "not ", "is this ", "\n")


def modules() -> list[Any]:
    found = pkgutil.walk_packages(aurora.rules.__path__, "aurora.rules.")
    return [importlib.import_module(info.name) for info in found]


MODULES = modules()


def within(value: Any, depth: int = 0) -> Iterator[re.Pattern[str]]:
    """Compiled patterns inside a module's constant: alone, in tables, in structs."""
    if isinstance(value, re.Pattern):
        if isinstance(value.pattern, str):
            yield value
    elif depth > 6 or isinstance(value, str | bytes | type) or callable(value):
        return
    elif isinstance(value, dict):
        for inner in (*value.keys(), *value.values()):
            yield from within(inner, depth + 1)
    elif isinstance(value, list | tuple | set | frozenset):
        for inner in value:
            yield from within(inner, depth + 1)
    elif isinstance(value, msgspec.Struct):
        for name in value.__struct_fields__:
            yield from within(getattr(value, name), depth + 1)
    elif dataclasses.is_dataclass(value):
        for field in dataclasses.fields(value):
            yield from within(getattr(value, field.name), depth + 1)


def patterns() -> dict[str, tuple[re.Pattern[str], bool]]:
    """name -> (pattern, whether its module only ever matches it from the beginning of a text)."""
    found: dict[re.Pattern[str], tuple[str, bool]] = {}
    for module in MODULES:
        source = inspect.getsource(module)
        for name, value in vars(module).items():
            used = set(re.findall(rf"\b{name}(?:\[[^\n]*?\])?\.(\w+)\(", source)) - {"append"}
            anchored = bool(used) and used <= {"fullmatch", "match"}
            for number, one in enumerate(within(value)):
                where = f"{module.__name__.removeprefix('aurora.rules.')}.{name}[{number}]"
                if not where.startswith(CUT_SHORT):
                    found.setdefault(one, (where, anchored))
    return {name: (one, anchored) for one, (name, anchored) in found.items()}


def readers() -> dict[str, Callable[[str], Any]]:
    """Public functions of the rules whose only needed argument is a text."""
    found: dict[str, Callable[[str], Any]] = {}
    for module in MODULES:
        for name, function in vars(module).items():
            if name.startswith("_") or not inspect.isfunction(function):
                continue
            if function.__module__ != module.__name__:
                continue
            needed = [
                parameter
                for parameter in inspect.signature(function).parameters.values()
                if parameter.default is parameter.empty
            ]
            if len(needed) == 1 and needed[0].annotation in ("str", "str | None") and _reads(needed[0].name):
                found[f"{module.__name__.removeprefix('aurora.rules.')}.{name}"] = function
    return found


def _reads(name: str) -> bool:
    return name in ("text", "message", "answer", "said", "words", "query", "folded", "raw", "spoken", "value")


PATTERNS = patterns()
READERS = readers()


def seeds(source: str) -> list[str]:
    """Texts out of a pattern's own literals: each alone, and all of them in a row."""
    literals = re.findall(r"[a-z]{2,}(?: [a-z]+)*|[一-鿿]+", source)[:12]
    return [seed for seed in (*literals[:3], "".join(literals), f"{' '.join(literals)} ") if seed]


def filled(seed: str, size: int) -> str:
    return (seed * (size // len(seed) + 1))[:size]


def is_linear(work: Callable[[str], Any], seed: str) -> bool:
    """At 10 kB first, where even a bad one ends soon."""

    def work_on(size: int) -> Work:
        return partial(work, filled(seed, size))

    if min(spent(work_on(10_000)) for _ in range(2)) <= CHEAP_S:
        return True
    return all(ratios(work_on, small)[-1] <= RATIO for small in (5_000, 20_000))


def scan(one: re.Pattern[str], *, anchored: bool = False) -> Callable[[str], Any]:
    """Use a pattern as the rules use it: on the whole text only, or anywhere in it."""

    def work(text: str) -> None:
        one.fullmatch(text)
        one.match(text)
        if not anchored:
            for _ in one.finditer(text):
                pass

    return work


@pytest.mark.slow
@pytest.mark.parametrize("name", PATTERNS)
def test_every_pattern_is_linear(name):
    one, anchored = PATTERNS[name]
    for seed in dict.fromkeys((*COMMON, *seeds(one.pattern))):
        assert is_linear(scan(one, anchored=anchored), seed), seed


@pytest.mark.slow
@pytest.mark.parametrize("name", READERS)
def test_every_reader_is_linear(name):
    for seed in (*COMMON, "no pus, ", "没有出血、", "retinol and aha ", "不稳定 ", '{"a":[', "200 "):
        assert is_linear(READERS[name], seed), seed


def test_the_walk_finds_what_there_is():
    assert len(PATTERNS) > 150
    assert "detectors.asks_recommendation" in READERS
    assert "redflags.check" in READERS
    assert "budget_question.said_in" in READERS
    assert len(READERS) > 30


def test_a_pattern_that_backtracks_is_caught():
    assert not is_linear(scan(pattern(r"a.*b")), "a")
    assert is_linear(scan(pattern(r"a.{0,40}b")), "a")
    assert is_linear(scan(anywhere("成分")), "成分")
