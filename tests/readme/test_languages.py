"""The two READMEs say the same."""

import re

from tests.readme.document import Document, Table


def test_headings_have_the_same_order_and_depth(english: Document, chinese: Document) -> None:
    assert [heading.level for heading in english.headings] == [heading.level for heading in chinese.headings]


def test_blocks_differ_in_comments_only(english: Document, chinese: Document) -> None:
    def code(readme: Document) -> list[tuple[str, int, tuple[str, ...]]]:
        titles = [heading.title for heading in readme.headings]
        return [(block.language, titles.index(block.section), block.without_comments) for block in readme.blocks]

    assert code(english) == code(chinese)


def test_tables_have_the_same_rows(english: Document, chinese: Document) -> None:
    def shape(table: Table) -> tuple[int, int]:
        return len(table.headings), len(table.rows)

    assert [shape(table) for table in english.tables] == [shape(table) for table in chinese.tables]
    named = [table for table in english.tables if all(name.startswith("`") for name, *_ in table.rows)]
    assert len(named) >= 6
    others = {tuple(table.names) for table in chinese.tables}
    assert [table.names for table in named if tuple(table.names) not in others] == []


def test_links_and_code_words_are_the_same(english: Document, chinese: Document) -> None:
    assert set(english.links) ^ set(chinese.links) == {"README.md", "README.zh-CN.md"}
    assert set(english.code_words) ^ set(chinese.code_words) == set()


def test_numbers_are_the_same(english: Document, chinese: Document) -> None:
    """Those of the evaluation above all: whoever puts new ones in must do it twice."""
    dates = []
    for readme in (english, chinese):
        marked = re.search(r"<!-- eval -->\n(.*)<!-- /eval -->", readme.path.read_text(encoding="utf-8"), re.DOTALL)
        assert marked
        dates.append(re.findall(r"\d{4}-\d\d-\d\d", marked[1]))
    assert len(dates[0]) == 1
    assert dates[0] == dates[1]


def test_chinese_is_chinese(chinese: Document) -> None:
    """A paragraph that was forgotten stands there in English."""
    for line in chinese.prose:
        words = re.sub(r"`[^`]*`|\([^)]*\)|\[[^\]]*\]", "", line)
        letters, han = re.findall(r"[A-Za-z]", words), re.findall(r"[\u4e00-\u9fff]", words)
        assert len(letters) <= 40 + 4 * len(han), line
