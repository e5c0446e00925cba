"""Log template mining."""

from analyzers.templates.miner import EMPTY, OTHER, MinedBatch, Template, TemplateMiner, template_of

__all__ = ["EMPTY", "OTHER", "MinedBatch", "Template", "TemplateMiner", "template_of"]
