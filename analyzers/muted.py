"""Services that go on working and write next to nothing of what they always wrote: what they log was changed."""

from analyzers.service_baseline import ServiceBaseline
from analyzers.summary import ServiceSummary

# Ordinary templates that must be known to come, records of each and of all that are expected, and the share of that
# which one of them may still have.
_SEVERAL, _EACH, _ALL, _LEFT = 2, 1.0, 5.0, 0.2


def muted(summary: ServiceSummary, known: ServiceBaseline) -> bool:
    """Whether none of its ordinary templates is written as it is for the work that spans tell of: were its work cut
    short somewhere, what comes before that would be written all the same."""
    work = known.exposure(summary)
    if not known.traced or work <= 0:
        return False
    usual = []
    for template_id, rate in known.templates.items():
        if template_id in known.severe or (expected := rate.expected(work)) < _EACH:
            continue
        seen = summary.templates.get(template_id)
        if seen is not None and seen.count > _LEFT * expected:
            return False
        usual.append(expected)
    return len(usual) >= _SEVERAL and sum(usual) >= _ALL
