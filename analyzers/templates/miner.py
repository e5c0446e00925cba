"""Log templates: one for every shape, the same everywhere and after every restart."""

import hashlib
from dataclasses import dataclass

import numpy as np

from analyzers.columns import Int32, LogBatch
from analyzers.templates.masking import mask, outline

EMPTY = "<empty>"
OTHER = "<other>"


@dataclass(frozen=True, slots=True)
class Template:
    """`template_id` is the hash of `text` and of nothing else, so order, worker and restart don't matter."""

    template_id: str
    text: str


@dataclass(frozen=True, slots=True)
class MinedBatch:
    """`template[i]` is the index in `templates` of row i of the batch."""

    templates: tuple[Template, ...]
    template: Int32


def template_of(text: str) -> Template:
    """The template of one shape."""
    return Template(hashlib.blake2b(text.encode(), digest_size=8).hexdigest(), text)


class TemplateMiner:
    """Maps bodies to templates. Holds only a bounded memo of outlines already masked; no result depends on it."""

    def __init__(self, memo_size: int = 32_768) -> None:
        """`memo_size`: outlines remembered, of up to 1024 characters each."""
        self._memo: dict[str, Template] = {}
        self._memo_size = memo_size

    def mine(self, batch: LogBatch) -> MinedBatch:
        if not len(batch):
            return MinedBatch((), np.zeros(0, dtype=np.int32))
        encoded = outline(batch.body)
        # Several outlines may come to one template; it stands in the table once.
        table: dict[Template, int] = {}
        found = self._templates(encoded.dictionary.to_pylist())
        code_of = np.array([table.setdefault(template, len(table)) for template in found], dtype=np.int32)
        codes = code_of[encoded.indices.to_numpy(zero_copy_only=False)]
        for row, text in batch.template.items():
            if text:
                codes[row] = table.setdefault(template_of(text), len(table))
        return MinedBatch(tuple(table), codes)

    def _templates(self, outlines: list[str]) -> list[Template]:
        """The template of each."""
        known = {item: self._memo[item] for item in outlines if item in self._memo}
        unknown = [item for item in outlines if item not in known]
        if unknown:
            shapes = mask(unknown)
            learned = {item: template_of(shape or EMPTY) for item, shape in zip(unknown, shapes, strict=True)}
            known |= learned
            if len(self._memo) + len(learned) > self._memo_size:
                self._memo = {}
            if len(learned) <= self._memo_size:
                self._memo |= learned
        return [known[item] for item in outlines]

    def forget(self) -> None:
        """Remember no outline any more."""
        self._memo = {}
