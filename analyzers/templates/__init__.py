"""Log template mining."""

from analyzers.templates.family import TemplateFamilies, strangers
from analyzers.templates.likeness import likeness
from analyzers.templates.miner import EMPTY, OTHER, MinedBatch, Template, TemplateMiner, template_of

__all__ = [
    "EMPTY",
    "OTHER",
    "MinedBatch",
    "Template",
    "TemplateFamilies",
    "TemplateMiner",
    "likeness",
    "strangers",
    "template_of",
]
