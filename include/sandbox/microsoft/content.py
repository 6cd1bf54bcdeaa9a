"""Bodies of events, as Exchange rewrites them: what is read is never byte for byte what was written."""

from __future__ import annotations

import html
import re
from functools import lru_cache
from typing import Any

from bs4 import BeautifulSoup

from sandbox.microsoft.errors import unreadable_body

_PREVIEW_CHARS = 255
_HEAD = re.compile(r"<(head|style)\b.*?</\1>", re.DOTALL | re.IGNORECASE)
_LINE_END = re.compile(r"<br\s*/?>|</(?:p|div|li|tr)>", re.IGNORECASE)
_TAG = re.compile(r"<[^>]*>")
_META = '<meta http-equiv="Content-Type" content="text/html; charset=utf-8">'


def rewritten(given: Any) -> dict[str, str]:
    """The stored `body` of what a client wrote. Raises GraphError when it is no `itemBody`."""
    if given is None:
        return {"contentType": "html", "content": ""}
    if not isinstance(given, dict) or not isinstance(given.get("content") or "", str):
        raise unreadable_body("body must have a contentType and a content.")
    kind = str(given.get("contentType") or "text").lower()
    if kind not in ("text", "html"):
        raise unreadable_body(f"Requested value '{kind}' was not found for bodyType.")
    content = given.get("content") or ""
    if kind == "text":
        content = html.escape(content, quote=False).replace("\r\n", "\n").replace("\n", "<br>\r\n")
    return {"contentType": "html", "content": _document(content) if content else ""}


@lru_cache(maxsize=1024)
def _document(content: str) -> str:
    """`content` as a whole HTML document, with the server's head and without scripts."""
    if "<" in content:
        soup = BeautifulSoup(content, "html.parser")
        for tag in soup.find_all(["script", "meta"]):
            tag.decompose()
        content = (soup.body or soup.html or soup).decode_contents()
    return f"<html><head>\r\n{_META}</head><body>{content}</body></html>"


def plain(content: str) -> str:
    """The text of a stored body, which is well-formed, as the parser wrote it."""
    if not content:
        return ""
    text = _HEAD.sub("", content).replace("\r\n", "")
    text = _TAG.sub("", _LINE_END.sub("\n", text))
    return html.unescape(text).replace("\xa0", " ").strip()


def preview(content: str) -> str:
    """`bodyPreview`: the first 255 characters of the text."""
    return plain(content)[:_PREVIEW_CHARS]
