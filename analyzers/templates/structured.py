"""Bodies that are JSON documents: the message in them is what was written, the rest is data."""

import re

# In the order in which they are asked for; an object that has none of them is taken as it stands.
_MESSAGES = tuple(
    re.compile(rf'"{name}"\s*:\s*"((?:[^"\\]|\\.)+)', re.IGNORECASE)
    for name in ("@?message", "msg", "@m", "short_message", "log", "text", "body", "event")
)
# What went wrong is wording too, and often the only difference between two failures with one message.
_ERROR = re.compile(r'"(?:error|err|exception|reason)"\s*:\s*"((?:[^"\\]|\\.)+)', re.IGNORECASE)
_ESCAPE = re.compile(r'\\(["\\/])')
_LINE_END = re.compile(r"\\[nr].*", re.DOTALL)
_CODE_UNITS = re.compile(r"(?:\\u[0-9a-fA-F]{4})+")


def message_of(outline: str) -> str:
    """The message of a JSON object, with its error behind it if it has one; anything else as it is.

    Works on what is left of an object after a cut, too.
    """
    if not outline.lstrip().startswith("{"):
        return outline
    for pattern in _MESSAGES:
        if found := pattern.search(outline):
            error = _ERROR.search(outline)
            return f"{_plain(found[1])} error: {_plain(error[1])}" if error else _plain(found[1])
    return outline


def _plain(quoted: str) -> str:
    """Without escapes, and of several lines the first."""
    return _ESCAPE.sub(r"\1", _LINE_END.sub("", quoted))


def unescaped(body: str) -> str:
    """With letters for their \\u escapes; halves of pairs and control characters stay escaped."""
    return _CODE_UNITS.sub(_letters, body) if "\\u" in body else body


def _letters(found: "re.Match[str]") -> str:
    units = bytes.fromhex(found[0].replace("\\u", ""))
    letters = units.decode("utf-16-be", errors="replace")
    return letters if letters.isprintable() and "\ufffd" not in letters else found[0]
