"""Template mining: the template is a function of one body and of nothing else."""

from random import Random
from time import process_time

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
        ("since Sun Jul 10 03:55:15 2005", "since Mon Aug  8 23:01:01 UTC 2005"),
        ("since 12 March 2025 10:00", "since Sat, 1 Nov 2025 10:00 GMT"),
        ("sent 426 bytes in 3 s", "sent 11.2 MB (11,744,051 bytes) in 250 ms"),
        ("lifetime <1 sec", "lifetime 02:14"),
        ("from 10.0.0.1 (a1.example.org)", "from 10.0.0.2 ()"),
        ("rows [1, 2]", "rows []"),
        ("mail to ann@example.com sent", "mail to bob.b@mail.example.org sent"),
        ("resolved ledger.shop.svc.cluster.local ok", "resolved www.example.com ok"),
        ("loaded /etc/app/a.yaml", "loaded /opt/app/conf/b.yaml"),
        ("loaded C:\\conf\\a.yaml", "loaded D:\\b.yaml"),
        ("fetched https://example.com/a", "fetched s3://bucket/b/c"),
        ("session closed for user ann", "session closed for user bob"),
        ("Failed password for root from 10.0.0.1", "Failed password for ann from 10.0.0.2"),
        ("Invalid user admin from 10.0.0.1", "Invalid user 0 from 10.0.0.1"),
        ("User ann logged in", "User bob logged in"),
        ('relation "orders" is missing', 'relation "users" is missing'),
        ("KeyError: 'currency'", "KeyError: 'amount'"),
        ("cache enabled is true", "cache enabled is False"),
        ("[check][station: suzhou] done", "[check][station: nanjing] done"),
        ("onExtend:15140 14 0 4", "onExtend:7 1 2 3"),
        ("用户“张三”登录成功", "用户“李四”登录成功"),
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
        ("user created", "user deleted"),
        ("you may be wrong", "you will be wrong"),
        ("onExtend:1", "onShrink:1"),
        ("error: connection refused", "error: connection reset"),
        ("java.io.IOException: closed", "java.lang.IllegalStateException: closed"),
    ],
)
def test_wording_is_kept(one: str, other: str) -> None:
    assert mined(one) != mined(other)


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ("Mar 12 06:25:01 web-3 CRON[20114]: done", "<*> CRON[<*>]: done"),
        ("Mar  2 16:25:01 db CRON[9]: done", "<*> CRON[<*>]: done"),
        ("<34>1 2025-03-12T06:30:00.003Z db postgres 4411 - - FATAL: sorry", "<*> postgres FATAL: sorry"),
        ('<34>1 2025-03-12T06:30:00Z h app 1 ID7 [a@1 b="c"] up', "<*> app up"),
    ],
)
def test_syslog_is_read_for_its_message(body: str, text: str) -> None:
    assert mined(body)[0].text == text


def test_common_log_format_is_read_for_its_request() -> None:
    tail = 'HTTP/1.1" 200 512'
    line = f'10.2.0.17 - - [12/Mar/2025:06:25:14 +0000] "GET /cart {tail} "-" "curl/8.5.0"'
    other = (
        f'shop.example - ann [1/Apr/2025:06:25:14 +0000] "GET /cart?user=ann {tail} "http://x" "Mozilla (X11; Linux)"'
    )
    assert mined(line) == mined(other)
    assert mined(line) != mined(line.replace("/cart", "/checkout"))


def test_what_was_sent_as_the_template_is_the_template() -> None:
    sent = record("user ann left", attributes={"log.record.template": "user {name} left"})
    found = TemplateMiner().mine(log_batch(*log_groups([sent, record("user ann left")])))
    assert [found.templates[code].text for code in found.template.tolist()] == ["user {name} left", "user ann left"]


@pytest.mark.parametrize(
    "hostile", ['"', "[", "a.", "a@", "/a", "{", "'", "=", "a:", "( ", "Jan ", "user ", '{"msg":', "a-", "\\u"]
)
def test_nobody_can_make_it_slow(hostile: str) -> None:
    bodies = [hostile * (1000 // len(hostile)) + str(number) for number in range(50)]
    started = process_time()
    mined(*bodies)
    assert process_time() - started < 1.0


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
