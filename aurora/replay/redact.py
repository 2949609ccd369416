"""Recorded turns without what a person said and who they are, still good to be played again.

Free text is replaced word by word, identifiers as a whole, by pseudonyms of the same length, script and case:
the same value gives the same pseudonym within one bundle, under a key that is drawn for it and kept nowhere.
What stays: structure, keys, numbers up to six digits, instants, and the words that our own rules look for
(`vocabulary`), because the answer turns on them; nobody's name is among those.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
import uuid
from functools import lru_cache
from typing import Any, Final

import msgspec

from aurora.replay import vocabulary
from aurora.replay.bundle import FactLine, StreamLine, TurnLine

_UUID: Final = re.compile(
    r"\A([a-z]{1,8}[_-])?[0-9a-f]{8}-?(?:[0-9a-f]{4}-?){3}[0-9a-f]{12}\Z", re.IGNORECASE
)
_INSTANT: Final = re.compile(
    r"\A\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d{1,6})?)?(?:Z|[+-]\d\d:?\d\d)?)?\Z"
)
_MACHINE: Final = re.compile(r"\A(?!.*\d{5})[A-Za-z0-9_.\-\[\]:]{1,80}\Z")
_CJK: Final = r"\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
_TOKEN: Final = re.compile(
    r"(?P<url>\b[a-zA-Z][a-zA-Z0-9+.-]{1,15}://[^\s\"'<>\\)\]}]+)"
    r"|(?P<mail>[\w.+-]+@[\w-]+(?:\.[\w-]+)+)"
    r"|(?P<many>\d(?:[\s.\-()/]{0,2}\d){3,})"
    rf"|(?P<cjk>[{_CJK}]+)"
    r"|(?P<name>\b[A-Za-z][A-Za-z0-9]*(?:[_.][A-Za-z0-9]+)+\b)"
    rf"|(?P<word>(?:(?![{_CJK}])[^\W\d_])+)"  # Chinese may follow Latin letters without a blank
    r"|(?P<digits>\d+)"
)
# Where an object or a list begins. Of so many beginnings at most: more are prose.
_JSON: Final = re.compile(r"[{\[](?=\s*[\"{\[])")
_MOST_JSON: Final = 100
# Keys whose value names something of ours, as long as it looks like a name.
_MACHINE_KEYS: Final = frozenset(
    {
        "type", "reason", "code", "kind", "actor", "outcome", "status", "event_name", "chip_id", "action_id",
        "field", "next_state", "trigger_source", "trigger_id", "lang", "format", "requested_next_state",
        "state", "client_state", "_internal_next_state", "level", "severity", "slot", "step", "source",
        "intent", "flow_id", "delivery",
    }
)  # fmt: skip
_NOT_IDS: Final = frozenset({"chip_id", "action_id", "trigger_id", "card_id", "flow_id"})
# Names of questions, an upstream's or ours: those of our own vocabulary stay, since a turn depends on them.
_QUESTION_IDS: Final = frozenset(
    {
        "id", "question_id", "norm_id", "clarification_id", "clarification_question_id",
        "clarification_norm_id",
    }
)  # fmt: skip
_CLARIFY: Final = "chip.clarify."  # then the question's id, a dot, the answer in words
_ID_KEY: Final = re.compile(r"(?:\A|_)(?:uid|ids?)\Z|[a-z]Id\Z|\Aseed\Z")
_TIME_KEY: Final = re.compile(r"(?:_ms|_at|_ts|Ms|At)\Z|\A(?:ts|at|now)\Z")
_KEY: Final = re.compile(r"\A(?!.*\d{5})[A-Za-z_$][A-Za-z0-9_.$\-]{0,47}\Z")
_WORDS: Final = re.compile(r"[A-Za-z]+(?:_[A-Za-z]+)*")
_VOWELS, _CONSONANTS = "aeiou", "bdfgjklmpqvwxz"

_json = json.JSONDecoder()  # msgspec does not tell where a document ends
_decode = msgspec.json.Decoder().decode
_encode = msgspec.json.Encoder().encode


class Redactor:
    """Pseudonyms of one bundle. key: secret, at least 16 bytes, used once and thrown away."""

    def __init__(self, key: bytes) -> None:
        if len(key) < 16:
            raise ValueError("a key of at least 16 bytes")
        self._key = key
        self._text = lru_cache(maxsize=20_000)(self._text_of)

    def turn(self, line: TurnLine) -> TurnLine:
        """A recorded turn, redacted."""
        return msgspec.structs.replace(
            line,
            stream=self._stream(line.stream),
            request_id=self.identifier(line.request_id),
            trace_id=self.identifier(line.trace_id),
            brief_id=None if line.brief_id is None else self.identifier(line.brief_id),
            events=self._raw(line.events),
        )

    def stream(self, line: StreamLine) -> StreamLine:
        """A head, redacted."""
        return msgspec.structs.replace(line, stream=self._stream(line.stream))

    def fact(self, line: FactLine) -> FactLine:
        """An event, redacted."""
        return msgspec.structs.replace(
            line,
            stream=self._stream(line.stream),
            event_id=self.identifier(line.event_id),
            data=self._raw(line.data),
            meta=self._raw(line.meta),
        )

    def identifier(self, value: str) -> str:
        """A pseudonym of an identifier: a UUID for a UUID (with its prefix), else letters and digits."""
        if not value:
            return value
        digest = self._digest("id", value)
        found = _UUID.match(value)
        if found is None:
            wide = digest.hex() * (1 + len(value) // 64)
            return f"x{wide}"[: max(16, len(value))]
        made = uuid.UUID(bytes=digest[:16], version=4)
        return (found[1] or "") + (str(made) if "-" in value[len(found[1] or "") :] else made.hex)

    def text(self, value: str) -> str:
        """A pseudonym of free text: what the rules look for stays, and so do blanks and punctuation."""
        known: str = self._text(value)
        return known

    def value(self, value: Any, key: str = "") -> Any:
        """Plain data, redacted. key: under which it stands."""
        if isinstance(value, str):
            return self._string(value, key)
        if isinstance(value, dict):
            return {self._key_of(k): self.value(v, k) for k, v in value.items()}
        if isinstance(value, list):
            return [self.value(each, key) for each in value]
        if isinstance(value, int) and abs(value) >= 1_000_000 and not _TIME_KEY.search(key):
            return int(self._digits(str(abs(value)))) * (1 if value > 0 else -1)
        return value

    def _raw(self, raw: msgspec.Raw) -> msgspec.Raw:
        return msgspec.Raw(_encode(self.value(_decode(raw))))

    def _stream(self, stream: str) -> str:
        """Streams are named after their identity, behind a letter for its kind."""
        kind, colon, name = stream.partition(":")
        return f"{kind}{colon}{self.identifier(name)}" if colon else self.identifier(stream)

    def _key_of(self, key: str) -> str:
        return key if _KEY.match(key) and not _UUID.match(key) else self.text(key)

    def _string(self, value: str, key: str) -> str:
        if key in _QUESTION_IDS:
            return value if self._is_ours(value) else self.identifier(value)
        if _ID_KEY.search(key) and key not in _NOT_IDS:
            return self.identifier(value)
        if value.startswith(_CLARIFY):
            question, dot, answer = value.removeprefix(_CLARIFY).partition(".")
            return f"{_CLARIFY}{self._string(question, 'clarification_id')}{dot}{self.text(answer)}"
        if key in _MACHINE_KEYS and _MACHINE.match(value):
            return value
        if value in vocabulary.known().names or _INSTANT.match(value):
            return value
        return self.identifier(value) if _UUID.match(value) else self.text(value)

    def _is_ours(self, value: str) -> bool:
        """Is it made of words of our rules alone, such as `skin_type`? Then it names a question."""
        return value in vocabulary.known().names or (
            bool(_WORDS.fullmatch(value)) and self.text(value) == value
        )

    def _text_of(self, text: str) -> str:
        """JSON within text (an upstream's fenced answer) is redacted as what it is."""
        made: list[str] = []
        at = 0
        for number, start in enumerate(_JSON.finditer(text)):
            if number == _MOST_JSON:
                break
            if start.start() < at:
                continue  # within the last one
            try:
                inner, end = _json.raw_decode(text, start.start())
            except (ValueError, RecursionError):
                continue  # brackets in prose
            made += [self._plain(text[at : start.start()]), _encode(self.value(inner)).decode()]
            at = end
        return "".join([*made, self._plain(text[at:])])

    def _plain(self, text: str) -> str:
        return _TOKEN.sub(self._token, text)

    def _token(self, found: re.Match[str]) -> str:
        kind, token = found.lastgroup, found[0]
        if kind == "cjk":
            return self._chinese(token)
        if kind == "word":
            return self._word(token)
        if kind == "name":
            known = token in vocabulary.known().names
            return token if known else re.sub(r"[^\W\d_]+", lambda part: self._word(part[0]), token)
        if kind == "digits":
            return token if len(token) <= 2 else self._digits(token)
        if kind == "many":
            return self._digits(token)
        scheme, mark, rest = token.partition("://")
        return scheme + mark + self._letters(rest) if mark else self._letters(token)

    def _word(self, word: str) -> str:
        if len(word) == 1 or vocabulary.known().keeps_word(word.lower()):
            return word
        made = self._made_up(word.lower())[: len(word)]  # lower case can be longer
        if word.isupper() and len(word) > 1:
            return made.upper()
        return made.capitalize() if word[:1].isupper() else made

    def _made_up(self, word: str) -> str:
        """A word of the same length that means nothing and that no rule knows."""
        for attempt in range(50):
            digest = self._digest(f"word{attempt}", word)
            sounds = (_CONSONANTS, _VOWELS)
            made = "".join(sounds[n % 2][digest[n % 32] % len(sounds[n % 2])] for n in range(len(word)))
            if not vocabulary.known().keeps_word(made):
                return made
        return "q" * len(word)

    def _chinese(self, run: str) -> str:
        """Runs between known terms are replaced by characters that stand in none."""
        made: list[str] = []
        for piece, kept in vocabulary.known().pieces(run):
            if kept:
                made.append(piece)
                continue
            digest = self._digest("cjk", piece)
            pool = vocabulary.known().strange
            made += [
                pool[(digest[n % 31] * 256 + digest[n % 31 + 1] + n) % len(pool)] for n in range(len(piece))
            ]
        return "".join(made)

    def _letters(self, text: str) -> str:
        """Every run of letters and digits made up, marks between them kept: for addresses."""
        return re.sub(r"[^\W\d_]+|\d+", self._part, text)

    def _part(self, found: re.Match[str]) -> str:
        return self._digits(found[0]) if found[0].isdigit() else self._made_up(found[0].lower())

    def _digits(self, text: str) -> str:
        """Other digits in their places; the first is no zero."""
        digest = self._digest("digits", text)
        made, count = [], 0
        for character in text:
            if not character.isdigit():
                made.append(character)
                continue
            drawn = digest[count % 32]
            made.append(str(drawn % 9 + 1 if count == 0 else drawn % 10))
            count += 1
        return "".join(made)

    def _digest(self, purpose: str, value: str) -> bytes:
        told = f"{purpose}\0{value}".encode("utf-8", "surrogatepass")
        return hmac.new(self._key, told, hashlib.sha256).digest()
