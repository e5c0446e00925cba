"""How templates become pages."""

from pathlib import Path

import jinja2

from server.web import story, wording


def environment(*, login: bool = False) -> jinja2.Environment:
    """Everything is escaped and made harmless, and a name that isn't there is an error instead of a blank.

    `login`: whether people have to log in.
    """
    made = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        finalize=wording.harmless,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters.update(
        clock=wording.clock,
        iso=wording.iso,
        duration=wording.duration,
        latency=wording.latency,
        measure=wording.measure,
        number=wording.number,
        cut=wording.cut,
        severity_text=wording.severity_text,
    )
    made.tests["past"] = story.is_past
    made.globals.update(lasted=story.lasted, login=login)
    return made
