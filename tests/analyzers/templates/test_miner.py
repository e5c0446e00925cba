"""Template mining: the template is a function of one body and of nothing else."""

from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analyzers.templates import EMPTY, Template, TemplateMiner, template_of
from tests.analyzers.telemetry import log_batch, log_groups, record
from tests.analyzers.templates.test_golden import GOLDEN, NAMES

LINES = [line for name in NAMES for line in (GOLDEN / f"{name}.txt").read_text(encoding="utf-8").splitlines()]
BODIES = st.lists(st.one_of(st.sampled_from(LINES), st.text(max_size=40)), min_size=1, max_size=25)


def mined(*bodies: str, miner: TemplateMiner | None = None) -> list[Template]:
    found = (miner or TemplateMiner()).mine(log_batch(*log_groups(map(record, bodies))))
    return [found.templates[code] for code in found.template.tolist()]


@settings(max_examples=50, deadline=None)
@given(BODIES, st.randoms(use_true_random=False))
def test_neither_order_nor_batch_nor_past_matter(bodies: list[str], random: Random) -> None:
    alone = {body: mined(body)[0] for body in bodies}
    shuffled = random.sample(bodies, len(bodies))
    cut = random.randrange(len(bodies) + 1)
    forgetful = TemplateMiner(memo_size=2)
    together = mined(*shuffled[:cut], miner=forgetful) + mined(*shuffled[cut:], miner=forgetful)
    assert together == [alone[body] for body in shuffled]


@settings(max_examples=50, deadline=None)
@given(BODIES)
def test_ids_are_hashes_of_texts(bodies: list[str]) -> None:
    for template in mined(*bodies):
        assert template == template_of(template.text)
        assert template.text


def test_ids_are_the_same_for_ever() -> None:
    """They are kept in stores and in the heads of people; a change of the hash is a migration."""
    assert template_of("user <*> left").template_id == "8d60518d40a69eff"


@given(st.lists(st.integers(0, 10**12), min_size=2, max_size=5))
def test_numbers_are_values(numbers: list[int]) -> None:
    assert len(set(mined(*(f"order {number} placed" for number in numbers)))) == 1


@pytest.mark.parametrize("body", ["", " ", "\t\n", "\n", "   \n  "])
def test_nothing_to_see(body: str) -> None:
    assert mined(body) == [template_of(EMPTY)]


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ("boom\n\tat Ledger.book(Ledger.java:88)", "boom"),
        ("boom\r\nmore", "boom"),
        ("\n\nTraceback (most recent call last):\n  File x", "Traceback (most recent call last):"),
        ("  indented", "indented"),
    ],
)
def test_the_first_line_speaks_for_all(body: str, text: str) -> None:
    assert mined(body)[0].text == text


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("a 1", "a 22.5ms"),
        ("id 7f3e9a4c-1b2d-4c5e-8f90-a1b2c3d4e5f6", "id 01d0c2aa-0000-4c5e-8f90-a1b2c3d4e5f6"),
        ("from 10.0.0.1:80 to [2001:db8::7]:443", "from 10.0.0.2:8080 to [2001:db8::8]:443"),
        ("commit deadbeefdeadbeef", "commit 0123456789abcdef"),
        ("block blk_-1608999687919862906", "block blk_7503483334202473044"),
        ("user=ann ok", "user=bob ok"),
        ('{"id":"a"}', '{"id":"bbbb"}'),
        ("list [1, 2, 3]", "list [4]"),
        ("GET /cart/7/items", "GET /cart/8812/items"),
        ("at 2025-03-12T06:25:24.101Z", "at 2026-01-01T00:00:00Z"),
    ],
)
def test_values_are_masked(one: str, other: str) -> None:
    assert mined(one) == mined(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("order placed", "order refused"),
        ("订单支付成功", "订单支付失败"),
        ("Connection refused", "Connection reset"),
        ("GET /cart ok", "GET /checkout ok"),
    ],
)
def test_wording_is_kept(one: str, other: str) -> None:
    assert mined(one) != mined(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ('{"level":"error","msg":"charge declined"}', '{"level":"error","msg":"ledger unreachable"}'),
        ('level=error msg="charge declined"', 'level=error msg="ledger unreachable"'),
    ],
)
def test_the_message_of_structured_logs_is_wording(one: str, other: str) -> None:
    assert mined(one) != mined(other)


def test_a_megabyte_is_masked_in_no_time() -> None:
    long = "a1 " * 400_000
    assert mined(long) == mined(long[:3000])


def test_a_shape_of_wildcards_of_its_own() -> None:
    assert mined("literally <*> and <*> again") == [template_of("literally <*> and <*> again")]
