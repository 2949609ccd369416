"""The words of our own rules, found in the rules themselves: what a redaction has to leave standing.

Nothing here comes from a person. Names are whole strings of the code (card types, chip ids, enum values);
stems are the literal words of every pattern, English and Chinese.
"""

from __future__ import annotations

import importlib
import pkgutil
import re
from collections.abc import Iterator
from functools import lru_cache
from types import CodeType, ModuleType
from typing import Any, Final

import msgspec

_PACKAGES: Final = ("aurora.contract", "aurora.rules", "aurora.flows")
_NAME: Final = re.compile(r"\A[^\s(){}|\\*+?]{1,64}\Z")
_CJK: Final = re.compile(r"[\u3400-\u9fff\uf900-\ufaff]+")
_WORD: Final = re.compile(r"[^\W\d_]+")
_CLASS: Final = re.compile(r"\[[^\]]*\]")
_ESCAPE: Final = re.compile(r"\\(?:u[0-9a-fA-F]{4}|x[0-9a-fA-F]{2}|[A-Za-z])|\(\?P?[<=!:iamsux-]*")
_SHORTEST_HALF: Final = 3  # of a word made of two stems: "an" and "na" are both stems, Anna is a name
_SHORTEST_STEM: Final = 4
_LONGEST_ENDING: Final = 5
_DEEPEST: Final = 8
_LONGEST_TERM: Final = 6
# Rare characters, to stand for what was said. Those that occur in a term of ours are left out.
_STRANGE: Final = range(0x8600, 0x8D00)


class Vocabulary:
    """names: whole strings. words: stems of patterns, lower case. terms: Chinese ones. strange: characters
    that occur in none of them.
    """

    def __init__(self, names: frozenset[str], words: frozenset[str], terms: frozenset[str]) -> None:
        self.names = names
        self.words = words
        self.terms = terms
        self._longest = max(map(len, terms), default=0)
        used = frozenset("".join(terms))
        self.strange = "".join(chr(code) for code in _STRANGE if chr(code) not in used)

    def keeps_word(self, word: str) -> bool:
        """Whether a rule may look at this word (lower case): a stem, a stem with an ending, or two stems."""
        if word in self.words:
            return True
        for cut in range(max(2, len(word) - 12), len(word)):
            stem, ending = word[:cut], word[cut:]
            if stem in self.words and (
                (min(cut, len(ending)) >= _SHORTEST_HALF and ending in self.words)
                or (cut >= _SHORTEST_STEM and len(ending) <= _LONGEST_ENDING)
            ):
                return True
        return False

    def pieces(self, run: str) -> Iterator[tuple[str, bool]]:
        """A run of Chinese characters in pieces: known terms (True), longest first, and what lies between."""
        at = start = 0
        while at < len(run):
            found = next(
                (
                    n
                    for n in range(min(self._longest, len(run) - at), 0, -1)
                    if run[at : at + n] in self.terms
                ),
                0,
            )
            if not found:
                at += 1
                continue
            if start < at:
                yield run[start:at], False
            yield run[at : at + found], True
            at = start = at + found
        if start < len(run):
            yield run[start:], False


@lru_cache(maxsize=1)
def known() -> Vocabulary:
    """The vocabulary of this version."""
    names: set[str] = set()
    patterns: set[str] = set()
    for module in _modules():
        names.update(_constants(module))
        patterns.update(_patterns(vars(module), 0))
    words: set[str] = set()
    terms: set[str] = set()
    for pattern in patterns:
        for letters in _CLASS.findall(pattern):
            terms.update("".join(_CJK.findall(letters)))
        plain = _ESCAPE.sub(" ", _CLASS.sub(" ", pattern)).lower()
        terms.update(_CJK.findall(plain))
        words.update(word for word in _WORD.findall(_CJK.sub(" ", plain)) if len(word) > 1)
    # Lists of Chinese terms are looked for as they are, without a pattern.
    terms.update(name for name in names if len(name) <= _LONGEST_TERM and _CJK.fullmatch(name))
    return Vocabulary(frozenset(names), frozenset(words), frozenset(terms))


def _modules() -> Iterator[ModuleType]:
    for package in _PACKAGES:
        root = importlib.import_module(package)
        yield root
        for found in pkgutil.walk_packages(root.__path__, f"{package}."):
            yield importlib.import_module(found.name)


def _constants(module: ModuleType) -> Iterator[str]:
    """Strings of a module's code that are names rather than sentences."""
    spec = module.__spec__
    loader: Any = spec.loader if spec is not None else None
    code = loader.get_code(module.__name__) if loader is not None else None
    if isinstance(code, CodeType):
        yield from _strings(code)


def _strings(code: CodeType) -> Iterator[str]:
    waiting: list[Any] = list(code.co_consts)
    while waiting:
        each = waiting.pop()
        if isinstance(each, str):
            if _NAME.match(each):
                yield each
        elif isinstance(each, CodeType):
            waiting += each.co_consts
        elif isinstance(each, tuple | frozenset):
            waiting += each


def _patterns(value: Any, depth: int) -> Iterator[str]:
    """Sources of the regular expressions that a module holds, in whatever it holds them."""
    if depth > _DEEPEST:
        return
    if isinstance(value, re.Pattern):
        yield value.pattern if isinstance(value.pattern, str) else ""
    elif isinstance(value, dict):
        for key, each in value.items():
            if key != "__builtins__":
                yield from _patterns(each, depth + 1)
    elif isinstance(value, tuple | list | set | frozenset):
        for each in value:
            yield from _patterns(each, depth + 1)
    elif isinstance(value, msgspec.Struct):
        for field in value.__struct_fields__:
            yield from _patterns(getattr(value, field), depth + 1)
