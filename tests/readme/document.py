"""A README as its parts: headings, code blocks, tables, links, and what it writes as code."""

import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
ENGLISH = REPOSITORY / "README.md"
CHINESE = REPOSITORY / "README.zh-CN.md"

_HEADING = re.compile(r"(#+) (.+)")
_FENCE = re.compile(r"```(\w*)")
_LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
_CODE = re.compile(r"`([^`]+)`")
_COMMENT = {"sh": "#", "yaml": "#", "python": "#", "go": "//"}


@dataclass(frozen=True, slots=True)
class Heading:
    level: int
    title: str


@dataclass(frozen=True, slots=True)
class Block:
    """A fenced block of code. `section` is the title of the heading it stands under."""

    language: str
    section: str
    lines: tuple[str, ...]

    @property
    def text(self) -> str:
        return "\n".join(self.lines) + "\n"

    @property
    def without_comments(self) -> tuple[str, ...]:
        """Its lines, less comments and what is blank without them."""
        mark = _COMMENT.get(self.language)
        kept = self.lines if mark is None else [re.sub(rf"(^|\s+){mark} .*$", "", line) for line in self.lines]
        return tuple(line for line in kept if line.strip())


@dataclass(frozen=True, slots=True)
class Table:
    """Cells as written, the heading row left out. `section` as for a block."""

    section: str
    headings: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]

    @property
    def names(self) -> list[str]:
        """The first cells, out of their backquotes."""
        return [row[0].strip("`") for row in self.rows]


class Document:
    """One README. Everything is in the order of the text; prose is what is in no block."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.headings: list[Heading] = []
        self.blocks: list[Block] = []
        self.prose: list[str] = []
        self.tables: list[Table] = []
        section, fence, inside, rows = "", "", [""], [""]
        inside.clear()
        rows.clear()
        for line in [*path.read_text(encoding="utf-8").splitlines(), ""]:
            opening = _FENCE.fullmatch(line)
            if fence:
                if line == "```":
                    self.blocks.append(Block(fence, section, tuple(inside)))
                    fence = ""
                else:
                    inside.append(line)
                continue
            if rows and not line.startswith("|"):
                self._add_table(section, rows)
                rows = []
            if opening:
                fence, inside = opening[1] or "plain", []
                continue
            heading = _HEADING.fullmatch(line)
            if heading:
                section = heading[2]
                self.headings.append(Heading(len(heading[1]), section))
            elif line.startswith("|"):
                rows.append(line)
            self.prose.append(line)

    @cached_property
    def links(self) -> list[str]:
        return [target for line in self.prose for target in _LINK.findall(line)]

    @cached_property
    def code_words(self) -> list[str]:
        """What stands in backquotes in prose and tables."""
        return [word for line in self.prose for word in _CODE.findall(line)]

    @cached_property
    def commands(self) -> list[str]:
        """Every line of the shell blocks."""
        return [line for block in self.blocks if block.language == "sh" for line in block.without_comments]

    def block(self, language: str, number: int = 0) -> Block:
        """That one of its language, counted from 0."""
        return [block for block in self.blocks if block.language == language][number]

    def _add_table(self, section: str, lines: list[str]) -> None:
        cells = [tuple(cell.strip() for cell in line.strip("|").split("|")) for line in lines]
        assert set(lines[1]) <= set("|- "), f"{self.path.name}: no table: {lines[1]}"
        self.tables.append(Table(section, cells[0], tuple(cells[2:])))
