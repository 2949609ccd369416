"""An HTML document, taken to the pieces that may tell something of a product. The one user of the parser.

Everything is bounded in number and length. What the parser itself may spend on a hostile page is not: it runs
in a worker that is killed.
"""

from __future__ import annotations

import re

import msgspec
from selectolax.lexbor import LexborHTMLParser, LexborNode

MOST_NODES = 60_000
MOST_BLOCKS = 8_000
MOST_SCRIPTS = 24
MOST_SCRIPT_CHARACTERS = 600_000
BLOCK_CAP = 12_000
_VALUE_CAP = 12_000
_MOST_VALUES = 40

# What pages say of themselves in their first bytes. Anything else is read as UTF-8.
_CHARSETS = {
    "gbk": "gb18030", "gb2312": "gb18030", "gb18030": "gb18030", "x-gbk": "gb18030",
    "big5": "big5hkscs", "big5-hkscs": "big5hkscs",
    "iso-8859-1": "cp1252", "latin1": "cp1252", "windows-1252": "cp1252", "us-ascii": "cp1252",
    "iso-8859-15": "iso8859_15", "shift_jis": "cp932", "euc-jp": "euc_jp",
    "euc-kr": "cp949", "ks_c_5601-1987": "cp949",
}  # fmt: skip
_DECLARED = re.compile(
    rb"<meta[^>]{0,200}?charset\s{0,4}=\s{0,4}[\"']?\s{0,4}([a-z0-9_-]{2,20})", re.IGNORECASE
)
_DECLARED_IN = 2048

_SKIPPED = frozenset({"script", "style", "noscript", "template", "svg", "math", "iframe", "object", "head"})
_INLINE = frozenset({
    "a", "abbr", "b", "bdi", "bdo", "cite", "code", "data", "em", "font", "i", "mark", "q", "s", "small",
    "span", "strong", "sub", "sup", "time", "u", "wbr",
})  # fmt: skip
_LIST_ATTRIBUTES = (
    "data-ingredients", "data-original-ingredients", "data-full-ingredients", "data-ingredients-list",
    "data-ingredient-list", "data-product-ingredients", "data-inci",
)  # fmt: skip
_GAPS = re.compile(r"[^\S\n]+")


class Block(msgspec.Struct, frozen=True):
    """A stretch of visible text, and the element that it stands in."""

    tag: str
    text: str


class Document(msgspec.Struct, frozen=True, kw_only=True):
    """blocks: all visible text, in order. metas, items: of `<meta>` and of microdata,
    the first value of each name. reviews: of microdata. attributes: lists of ingredients in known attributes.
    json_ld, states: texts of scripts that hold data.
    """

    title: str = ""
    heading: str = ""
    blocks: list[Block] = []
    metas: dict[str, str] = {}
    items: dict[str, str] = {}
    reviews: list[str] = []
    attributes: list[str] = []
    json_ld: list[str] = []
    states: list[str] = []


def document_of(body: bytes, charset: str) -> Document:
    """The pieces of a page. charset: as its header says, "" if it does not."""
    tree = LexborHTMLParser(_decoded(body, charset))
    title = tree.css_first("title")
    heading = tree.css_first("h1")
    items, reviews = _microdata(tree)
    return Document(
        title=_text(title),
        heading=_text(heading),
        blocks=_blocks(tree.body),
        metas=_metas(tree),
        items=items,
        reviews=reviews,
        attributes=[
            value[:_VALUE_CAP]
            for name in _LIST_ATTRIBUTES
            for node in tree.css(f"[{name}]")[:_MOST_VALUES]
            if (value := node.attributes.get(name))
        ],
        json_ld=_scripts(tree, "application/ld+json"),
        states=_scripts(tree, "application/json"),
    )


def _decoded(body: bytes, charset: str) -> str:
    declared = _DECLARED.search(body[:_DECLARED_IN])
    said = charset or (declared[1].decode("ascii").lower() if declared else "")
    # A byte order mark is what the page really is, whatever it says.
    if body.startswith(b"\xef\xbb\xbf"):
        said = ""
    return body.decode(_CHARSETS.get(said, "utf-8-sig"), "replace")


def _blocks(root: LexborNode | None) -> list[Block]:
    """A walk without recursion: where a block begins or ends, the text so far is one."""
    found: list[Block] = []
    text = _Text()
    inside: list[str] = []  # tags from the root down to the node
    node = root
    seen = 0
    while node is not None and seen < MOST_NODES and len(found) < MOST_BLOCKS:
        seen += 1
        tag = node.tag or ""
        if tag == "-text":
            text.add(node.text_content or "")
        elif tag == "br":
            text.add("\n")
        elif tag not in _INLINE:
            text.end(found, inside)
        below = None if tag in _SKIPPED else node.first_child
        if below is not None:
            inside.append(tag)
            node = below
            continue
        while node is not None and node.next is None and inside:
            if inside[-1] not in _INLINE:
                text.end(found, inside)
            inside.pop()
            node = node.parent
        node = node.next if node is not None and inside else None
    text.end(found, inside)
    return found


class _Text:
    """The text of a block so far."""

    def __init__(self) -> None:
        self._parts: list[str] = []
        self._size = 0

    def add(self, part: str) -> None:
        if self._size < BLOCK_CAP:
            self._parts.append(part[:BLOCK_CAP])
            self._size += len(part)

    def end(self, found: list[Block], inside: list[str]) -> None:
        text = _GAPS.sub(" ", "".join(self._parts)).strip()[:BLOCK_CAP] if self._parts else ""
        if text:
            found.append(Block(next((tag for tag in reversed(inside) if tag not in _INLINE), ""), text))
        self._parts, self._size = [], 0


def _metas(tree: LexborHTMLParser) -> dict[str, str]:
    found: dict[str, str] = {}
    for node in tree.css("meta[content]")[: 5 * _MOST_VALUES]:
        attributes = node.attributes
        name = attributes.get("property") or attributes.get("name") or ""
        found.setdefault(name.lower()[:60], (attributes.get("content") or "")[:_VALUE_CAP])
    return found


def _microdata(tree: LexborHTMLParser) -> tuple[dict[str, str], list[str]]:
    found: dict[str, str] = {}
    reviews: list[str] = []
    for node in tree.css("[itemprop]")[: 10 * _MOST_VALUES]:
        name = (node.attributes.get("itemprop") or "").lower()[:60]
        value = node.attributes.get("content") or _text(node)
        if name == "reviewbody":
            reviews.append(value)
        else:
            found.setdefault(name, value)
    return found, reviews[:_MOST_VALUES]


def _scripts(tree: LexborHTMLParser, kind: str) -> list[str]:
    texts = (node.text() for node in tree.css(f'script[type="{kind}"]')[:MOST_SCRIPTS])
    return [text for text in texts if len(text) <= MOST_SCRIPT_CHARACTERS]


def _text(node: LexborNode | None) -> str:
    return "" if node is None else _GAPS.sub(" ", node.text(separator=" ")[:_VALUE_CAP]).strip()
