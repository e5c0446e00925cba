"""Stack traces that were sent a line at a time, as whoever reads them from files without putting them together does."""

import re
from functools import lru_cache

# As they begin in Java, JavaScript and Python; an escaped tab is left of what was JSON. Of the source that Python shows
# nothing tells that it is such a line, and of Go's frames masking leaves nothing.
_FRAME = re.compile(
    r"(?:\\t|\s)*(?:"
    r"at \S+ ?\(|at async |\.\.\. \S+ (?:more|common frames omitted)"
    r'|File "[^"]*", line )'
)


@lru_cache(maxsize=10_000)
def is_frame(text: str) -> bool:
    """Whether a template is a further line of a stack trace, and so tells of nothing but what the first one does."""
    return _FRAME.match(text) is not None
