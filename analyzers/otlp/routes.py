"""Span names that are paths as they were asked for: what differs from request to request is taken out.

Names should be of low cardinality (semantic conventions for HTTP spans), routes and not paths; where a framework does
not tell its instrumentation the route, they are paths all the same, and no two requests are of one operation.
"""

import pyarrow as pa
import pyarrow.compute as pc

from analyzers.otlp.resources import NAME_LIMIT

# A number, a UUID, any longer hexadecimal number, and whatever has as many digits in a row as no word has.
_ID = r"(?:[0-9]+|[0-9a-fA-F]{8,}|[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}|[^/?#:\s]*[0-9]{4,}[^/?#:\s]*)"
_SEGMENT = rf"/{_ID}(/|\?|#|\s|$)"
_LIKELY = r"/[^/\s]*[0-9?]|/[0-9a-fA-F]{8}"
_QUERY = r"(/[^?\s]*)\?\S*"


def routes(names: "pa.StringArray") -> "pa.StringArray":
    """Each cut to the limit, with what looks like an id in a segment of its path replaced, and without a query."""
    names = pc.utf8_slice_codeunits(names, 0, NAME_LIMIT)
    some = pc.match_substring_regex(names, _LIKELY)
    if not pc.any(some).as_py():
        return names
    found = pc.replace_substring_regex(names.filter(some), _QUERY, r"\1")
    # Twice, because neighbours share the slash between them.
    for _ in range(2):
        found = pc.replace_substring_regex(found, _SEGMENT, r"/{id}\1")
    return pc.replace_with_mask(names, some, found)
