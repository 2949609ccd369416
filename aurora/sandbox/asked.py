"""Reading a decision query: its context lines, its language, its message (contract B 16.3)."""

from __future__ import annotations

import re
from typing import Any

import msgspec

_CJK = re.compile(r"[\u3400-\u9fff]")
_LANG_LINE = re.compile(
    r"\b(?:lang|language|reply_language)\b\W{1,4}(EN|CN|zh|en|English|Chinese|中文|英文)", re.IGNORECASE
)
_RESUME = "[RESUME CONTEXT"  # a block of its own before everything else
_CHINESE = frozenset({"cn", "zh", "chinese", "中文"})


class Asked(msgspec.Struct, frozen=True):
    """A query taken apart. profile, meta: the JSON of those lines, {} if absent or no object."""

    query: str
    message: str
    lang: str
    profile: dict[str, Any]
    meta: dict[str, Any]
    anchor_id: str

    @property
    def cn(self) -> bool:
        """Whether the answer is to be in Chinese."""
        return self.lang == "CN"

    def pick(self, en: str, cn: str) -> str:
        """The text in the reply language."""
        return cn if self.cn else en


def read(query: str, anchor_id: str = "") -> Asked:
    """Take `query` apart. Language: meta `lang`, else a line naming it, else the script of the message."""
    told = query.partition("\n\n")[2] if query.startswith(_RESUME) else query
    profile = _line(told, "profile=")
    meta = _line(told, "meta=")
    task = query.find("\nTask: ") if query.startswith("Resume context") else -1
    message = (
        query[task + 1 :]
        if task >= 0
        else told.split("\n\n", 1)[1]
        if re.match(r"(profile|recent_logs|meta)=", told) and "\n\n" in told
        else told
    )
    named = str(meta.get("lang") or "")
    if not named and (hit := _LANG_LINE.search(query)):
        named = hit.group(1)
    chinese = named.lower() in _CHINESE if named else bool(_CJK.search(message))
    return Asked(query, message, "CN" if chinese else "EN", profile, meta, anchor_id)


def _line(query: str, key: str) -> dict[str, Any]:
    for line in query.split("\n", 8)[:8]:
        if line.startswith(key):
            try:
                value = msgspec.json.decode(line[len(key) :])
            except (msgspec.DecodeError, RecursionError):
                return {}
            return value if isinstance(value, dict) else {}
    return {}
