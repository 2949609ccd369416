"""What an upstream says, made fit to be said: plain words, no data, no code, no links that act.

The client draws an answer as plain text with a little markdown (contract F 3): HTML and `[text](url)` would
stand there as they are, and JSON helps nobody. Every function is linear in its text, whatever is in it.
"""

from __future__ import annotations

import json
import re

from aurora.rules.text import anywhere

READ_CAP = 40_000
SAY_CAP = 4_000
ESSAY = 600  # from here on a text in parts is a report, not an answer (contract B 17.3)
MIN_WORDS = 12  # what is left after cutting must still be an answer, in characters

_DECODER = json.JSONDecoder()
_TRIES = 6
_JSON_START = re.compile(r"[{\[]\s*[\"{]|\{\s*\}")
_TAGS = re.compile(
    r"</?(?:a|abbr|article|audio|b|base|blockquote|body|br|button|center|code|dd|div|dl|dt|em|embed|fieldset"
    r"|font|footer|form|frame|h[1-6]|head|header|hr|html|i|iframe|img|input|label|li|link|main|math|meta|nav"
    r"|noscript|object|ol|option|p|param|pre|q|s|section|select|small|source|span|strong|sub|sup|svg|table"
    r"|tbody|td|template|textarea|tfoot|th|thead|title|tr|u|ul|video)\b[^<>]{0,600}>",
    re.IGNORECASE | re.ASCII,
)
_HIDDEN = re.compile(
    r"<(script|style|iframe|object|svg|template)\b|<!--|<!\[cdata\[", re.IGNORECASE | re.ASCII
)
_BRACKET = re.compile(r"<(?=/?(?:script|style|iframe|object|svg|template)\b)", re.IGNORECASE | re.ASCII)
_ACTS = re.compile(
    r"\b(?:javascript|vbscript|livescript)\s*:\S*|\bdata\s*:\s*text/\S*", re.IGNORECASE | re.ASCII
)
_LINK = re.compile(r"!?\[([^\[\]\n]{1,200})\]\(([^()\n]{0,400}(?:\([^()\n]{0,200}\)[^()\n]{0,200}){0,3})\)")
_HTTP = re.compile(r"<?(https?://[^\s<>]{1,600})", re.IGNORECASE | re.ASCII)
_KB = re.compile(r"\[?\bkb:[A-Za-z0-9][\w.:/-]*\]?", re.ASCII)
_EMPTY_CITATION = re.compile(
    r"^[ \t]*(?:[-*•][ \t]*)?(?:citations?|sources?|references?|引用|来源|参考(?:文献)?|证据)"
    r"[ \t:：,，;；]*$\n?",
    re.IGNORECASE | re.MULTILINE,
)
_GAPS = re.compile(r"(?<=\S)[ \t]{2,}(?=\S)")
_BLANK_LINES = re.compile(r"\n[ \t]*(?:\n[ \t]*)+")

_POINTS = re.compile(
    r"\bcards? (?:shown |listed |right )?below\b|\bbelow cards?\b|\b(?:the|these|following) cards?\b"
    r"|\bsee below\b"
    r"|见下方|见下面|如下卡片|下方卡片|下面的卡片|以下卡片|查看卡片",
    re.IGNORECASE | re.ASCII,
)
_SENTENCE = re.compile(
    r"[^.!?。！？\n]*(?:[.!?](?![\s)\]\"'])[^.!?。！？\n]*)*(?:[.!?]+|[。！？]+|\n|$)[)\]\"']*[ \t]*"
)
_PART = re.compile(
    r"^[ \t#*]*(?:part|step|section) ?\d{1,2}\b|^[ \t#*]*(?:am|pm|morning|evening|budget)\b[ \t*]*[:：]"
    r"|^[ \t#*]*第[一二三四五六七八九十\d]{1,3}(?:部分|步)|^[ \t#*]*(?:早上|晚上|早|晚|预算)[ \t*]*[:：]",
    re.IGNORECASE | re.MULTILINE | re.ASCII,
)
_BREAKS = anywhere("\n\n", "\n", "。", ". ", "！", "? ", "？")


def prose(answer: str | None, *, keep_kb: bool = False) -> str:
    """The words of an answer: no markup, code, JSON or acting link; "" if nothing else was in it.

    keep_kb: references to the internal knowledge base stay (debug).
    """
    if not answer:
        return ""
    text = answer[:READ_CAP]
    if "<" in text:
        text = without_markup(text)
    if "```" in text:
        text = _without_fences(text)
    if "{" in text or "[" in text:
        text = _without_json(text)
    if "](" in text:
        text = _LINK.sub(_plain_link, text)
    text = without_acting_links(text)
    if not keep_kb:
        text = without_kb(text)
    return _BLANK_LINES.sub("\n\n", _GAPS.sub(" ", text)).strip()


def without_kb(text: str) -> str:
    """`text` without knowledge base ids, and without citation lines that held nothing else."""
    if "kb:" not in text:
        return text
    return _EMPTY_CITATION.sub("", _KB.sub("", text)).strip()


def without_acting_links(text: str) -> str:
    """`text` without addresses that run something when they are opened."""
    return _ACTS.sub("", text) if ":" in text else text


def without_markup(text: str) -> str:
    """`text` without HTML tags; what scripts, styles and comments hold goes too."""
    if "<" not in text:
        return text
    kept: list[str] = []
    at = 0
    while found := _HIDDEN.search(text, at):
        kept.append(text[at : found.start()])
        end = f"</{found[1].lower()}" if found[1] else "-->" if found[0] == "<!--" else "]]>"
        closing = _find(text, end, found.end())
        if closing < 0:
            at = len(text)
            break
        at = closing + len(end)
        if found[1]:
            bracket = text.find(">", at)
            at = bracket + 1 if 0 <= bracket <= at + 20 else at
    kept.append(text[at:])
    # Cutting may join the halves of a tag that was hidden around another: its bracket goes.
    return _BRACKET.sub("", _TAGS.sub("", "".join(kept)))


def _find(text: str, wanted: str, start: int) -> int:
    """Where `wanted` (lower case) next occurs, in any case."""
    found = re.compile(re.escape(wanted), re.IGNORECASE | re.ASCII).search(text, start)
    return found.start() if found else -1


def points_at_cards(text: str) -> bool:
    """Does the text speak of cards? It must not, if none is shown."""
    return _POINTS.search(text) is not None


def without_pointers(text: str) -> str:
    """`text` without the sentences that speak of cards; "" if too little is left to be an answer."""
    if not points_at_cards(text):
        return text
    kept = "".join(part for part in _SENTENCE.findall(text) if not _POINTS.search(part))
    kept = _BLANK_LINES.sub("\n\n", kept).strip()
    return kept if len(kept) >= MIN_WORDS else ""


def is_report(text: str) -> bool:
    """A long text in parts, headings and all, such as cards show better."""
    return len(text) > ESSAY and _PART.search(text) is not None


def cut_to(text: str, limit: int = SAY_CAP) -> str:
    """At most `limit` characters, ended where a paragraph or a sentence ends."""
    if len(text) <= limit:
        return text
    ends = [found.end() for found in _BREAKS.finditer(text, limit // 2, limit)]
    return text[: ends[-1] if ends else limit - 1].rstrip() + "…"


def _without_fences(text: str) -> str:
    """Without fenced blocks; one that never closes goes to the end."""
    parts = text.split("```")
    return "\n".join(parts[::2])


def _without_json(text: str) -> str:
    """Without JSON objects and lists of them. JSON that breaks off takes the rest of the text with it."""
    kept: list[str] = []
    at = 0
    for _ in range(_TRIES):
        found = _JSON_START.search(text, at)
        if found is None:
            kept.append(text[at:])
            return "".join(kept)
        kept.append(text[at : found.start()])
        try:
            _, at = _DECODER.raw_decode(text, found.start())
        except (ValueError, RecursionError):
            return "".join(kept)
    return "".join(kept)


def _plain_link(link: re.Match[str]) -> str:
    """`label: address` for a web address, else the label."""
    label, address = link[1].strip(), _HTTP.match(link[2].strip())
    return f"{label}: {address[1]}" if address else label
