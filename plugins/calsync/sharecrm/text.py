"""A record's content as plain text, and a title as content again (RULES F4).

Content may be HTML, whatever its field's type says. Images, attachments and links to files are dropped on the way out;
they stay in ShareCRM: a title that comes back replaces the words and leaves the files behind them. Plain text is taken
as it is, so that what calsync wrote reads as what it wrote.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator

from bs4 import BeautifulSoup
from bs4.element import CData, NavigableString, PageElement, Tag

from calsync.core.text import sound

_TAGS = "a|b|blockquote|br|div|em|font|h[1-6]|i|img|li|ol|p|pre|section|span|strong|table|tbody|td|tr|u|ul|video|audio"
_MARKUP = re.compile(rf"</?(?:{_TAGS})(?:\s[^<>]*)?/?>", re.I)
_BLOCKS = re.compile("blockquote|br|div|h[1-6]|li|ol|p|pre|section|table|tr|ul")
_SILENT = frozenset({"script", "style", "head"})
_EDGE = PageElement()
_SPACES = re.compile(r"\s+")
_MEDIA = frozenset({"img", "video", "audio", "object", "embed", "iframe", "attachment"})
_ENDINGS = (
    "7z|apk|bmp|csv|docx?|gif|gz|heic|jpe?g|key|m4a|mov|mp3|mp4|numbers|odp|ods|odt|pages|pdf|png|pptx?|rar|rtf|svg|"
    "tar|tiff?|txt|wav|webp|wps|xlsx?|zip"
)
_ASIDE = re.compile(r"<!--.*?(?:-->|\Z)|<[!?][^>]*(?:>|\Z)", re.S)
"""Comments, declarations, instructions: no words. Python's parser refuses some of them."""

_TAG_OR_NOT = re.compile(r"""</?[a-z](?:[^<>"']++|"[^"]*+"|'[^']*+'){0,200}+>|<""", re.I)
"""A whole tag, or a `<` that begins none. Python's parser takes minutes over a page of those."""

_FILE = re.compile(rf"\.(?:{_ENDINGS})(?=[?#]|$)|/(?:FSC/EM/File|netdisk|fsnetdisk|clouddrive)/", re.I)


def is_html(content: str, rich: bool) -> bool:
    """Whether `content` is markup: said by its field's type (`rich`), or seen by a tag in it."""
    return rich or _MARKUP.search(content) is not None


def plain(content: str, rich: bool = False) -> str:
    """The words of `content`: lines kept, outer whitespace trimmed, files dropped. rich: its field holds HTML."""
    if not is_html(content, rich):
        return sound(content).strip()
    lines = (" ".join(line.split()) for line in "".join(_pieces(_parsed(content))).split("\n"))
    return sound("\n".join(line for line in lines if line))


def files(content: str, rich: bool = False) -> int:
    """How many images, attachments and links to files `plain` drops from `content` (F4)."""
    return len(_files(_parsed(content))) if is_html(content, rich) else 0


def written(title: str, content: str = "", rich: bool = False) -> str:
    """New content that reads as `title`, with the files of the present `content` behind it.

    rich: the field holds HTML. A title that looks like markup is written as markup that shows it.
    """
    files = [str(node) for node in _files(_parsed(content))] if is_html(content, rich) else []
    if not files and not is_html(title, rich):
        return title
    words = "".join(f"<p>{html.escape(line, quote=False)}</p>" for line in title.split("\n"))
    return words + "".join(files)


def _parsed(content: str) -> BeautifulSoup:
    tags = _TAG_OR_NOT.sub(lambda found: found.group() if len(found.group()) > 1 else "&lt;", _ASIDE.sub("", content))
    return BeautifulSoup(tags, "html.parser")


def _pieces(soup: BeautifulSoup) -> Iterator[str]:
    """The words of a page in their order, and a line's end on either side of a block; files and scripts left out."""
    todo: list[PageElement] = [soup]
    while todo:
        node = todo.pop()
        if isinstance(node, Tag):
            edge = [_EDGE] if _BLOCKS.fullmatch(node.name) else []
            todo += [] if node.name in _SILENT or _is_file(node) else [*edge, *reversed(node.contents), *edge]
        elif node is _EDGE:
            yield "\n"
        elif type(node) in (NavigableString, CData):
            yield _SPACES.sub(" ", str(node))


def _files(soup: BeautifulSoup) -> list[Tag]:
    """The outermost elements that are a file or lead to one."""
    found: list[Tag] = []
    inside: set[int] = set()
    for node in soup.find_all(True):
        if id(node.parent) in inside:
            inside.add(id(node))
        elif _is_file(node):
            inside.add(id(node))
            found.append(node)
    return found


def _is_file(node: Tag) -> bool:
    return node.name in _MEDIA or _leads_to_file(node)


def _leads_to_file(node: Tag) -> bool:
    return node.name == "a" and (node.has_attr("download") or _FILE.search(str(node.get("href") or "")) is not None)
