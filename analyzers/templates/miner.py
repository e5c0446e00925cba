"""Log templates: one for every shape, the same everywhere and after every restart."""

import hashlib
from dataclasses import dataclass

import numpy as np

from analyzers.columns import Int32, LogBatch
from analyzers.templates.masking import mask

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
    """Maps bodies to templates. Holds only a bounded memo of shapes already hashed; the result doesn't depend on it."""

    def __init__(self, memo_size: int = 65_536) -> None:
        self._memo: dict[str, Template] = {}
        self._memo_size = memo_size

    def mine(self, batch: LogBatch) -> MinedBatch:
        if not len(batch):
            return MinedBatch((), np.zeros(0, dtype=np.int32))
        encoded = mask(batch.body)
        codes = encoded.indices.to_numpy(zero_copy_only=False).astype(np.int32)
        templates = [self._template(shape or EMPTY) for shape in encoded.dictionary.to_pylist()]
        for row, text in batch.template.items():
            if text:
                templates.append(self._template(text))
                codes[row] = len(templates) - 1
        return MinedBatch(tuple(templates), codes)

    def _template(self, shape: str) -> Template:
        known = self._memo.get(shape)
        if known is None:
            if len(self._memo) >= self._memo_size:
                self._memo.clear()
            known = self._memo[shape] = template_of(shape)
        return known
