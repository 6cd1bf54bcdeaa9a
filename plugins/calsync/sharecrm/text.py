"""A record's content as plain text, and a title as content again (RULES F4).

Content may be HTML, whatever its field's type says. Images, attachments and links to files are dropped on the way out;
they stay in ShareCRM: a title that comes back replaces the words and leaves the files behind them. Plain text is taken
as it is, so that what calsync wrote reads as what it wrote.
"""

from __future__ import annotations

import html
import re

from bs4 import BeautifulSoup, Tag

_TAGS = "a|b|blockquote|br|div|em|font|h[1-6]|i|img|li|ol|p|pre|section|span|strong|table|tbody|td|tr|u|ul|video|audio"
_MARKUP = re.compile(rf"</?(?:{_TAGS})(?:\s[^<>]*)?/?>", re.I)
_BLOCKS = [
    "blockquote",
    "div",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "li",
    "ol",
    "p",
    "pre",
    "section",
    "table",
    "tr",
    "ul",
]
_MEDIA = frozenset({"img", "video", "audio", "object", "embed", "iframe", "attachment"})
_ENDINGS = (
    "7z|apk|bmp|csv|docx?|gif|gz|heic|jpe?g|key|m4a|mov|mp3|mp4|numbers|odp|ods|odt|pages|pdf|png|pptx?|rar|rtf|svg|"
    "tar|tiff?|txt|wav|webp|wps|xlsx?|zip"
)
_FILE = re.compile(rf"\.(?:{_ENDINGS})(?=[?#]|$)|/(?:FSC/EM/File|netdisk|fsnetdisk|clouddrive)/", re.I)


def is_html(content: str, rich: bool) -> bool:
    """Whether `content` is markup: said by its field's type (`rich`), or seen by a tag in it."""
    return rich or _MARKUP.search(content) is not None


def plain(content: str, rich: bool = False) -> str:
    """The words of `content`: lines kept, outer whitespace trimmed, files dropped. rich: its field holds HTML."""
    if not is_html(content, rich):
        return content.strip()
    soup = BeautifulSoup(content, "html.parser")
    for node in [*_files(soup), *soup.find_all(["script", "style", "head"])]:
        node.decompose()
    for words in soup.find_all(string=True):
        words.replace_with(type(words)(re.sub(r"\s+", " ", words)))
    for node in soup.find_all("br"):
        node.replace_with("\n")
    for node in soup.find_all(_BLOCKS):
        node.insert_before("\n")
        node.insert_after("\n")
    lines = (" ".join(line.split()) for line in soup.get_text().split("\n"))
    return "\n".join(line for line in lines if line)


def files(content: str, rich: bool = False) -> int:
    """How many images, attachments and links to files `plain` drops from `content` (F4)."""
    return len(_files(BeautifulSoup(content, "html.parser"))) if is_html(content, rich) else 0


def written(title: str, content: str = "", rich: bool = False) -> str:
    """New content that reads as `title`, with the files of the present `content` behind it.

    rich: the field holds HTML. A title that looks like markup is written as markup that shows it.
    """
    files = [str(node) for node in _files(BeautifulSoup(content, "html.parser"))] if is_html(content, rich) else []
    if not files and not is_html(title, rich):
        return title
    words = "".join(f"<p>{html.escape(line, quote=False)}</p>" for line in title.split("\n"))
    return words + "".join(files)


def _files(soup: BeautifulSoup) -> list[Tag]:
    """The outermost elements that are a file or lead to one."""
    found = [node for node in soup.find_all(True) if node.name in _MEDIA or _leads_to_file(node)]
    inner = {id(below) for node in found for below in node.find_all(True)}
    return [node for node in found if id(node) not in inner]


def _leads_to_file(node: Tag) -> bool:
    return node.name == "a" and (node.has_attr("download") or _FILE.search(str(node.get("href") or "")) is not None)
