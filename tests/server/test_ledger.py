"""The equation holds at every moment, in whatever order things happen."""

import threading
from concurrent.futures import ThreadPoolExecutor

from hypothesis import given
from hypothesis import strategies as st

from server.ledger import Account, Ledger, Signal

# What may happen to one delivery of `records`: (signal, records, refused, dropped of the records, late of the rest).
deliveries = st.tuples(
    st.sampled_from(Signal), st.integers(0, 1000), st.integers(0, 50), st.integers(0, 1000), st.integers(0, 1000)
)
Delivery = tuple[Signal, int, int, int, int]


def settle(ledger: Ledger, delivery: Delivery) -> None:
    signal, records, _, lost, late = delivery
    dropped = min(lost, records)
    counted = records - dropped
    ledger.settle(
        signal, counted, {"own_telemetry": dropped // 2, "failed": dropped - dropped // 2}, min(late, counted)
    )


@given(st.lists(deliveries, max_size=20), st.randoms(use_true_random=False))
def test_the_equation_holds_between_any_two_steps(happening: list[Delivery], random: object) -> None:
    """Deliveries are received in order and settled in any order after that, as many queues would."""
    ledger = Ledger()
    waiting: list[Delivery] = []
    steps = [(item, random.random()) for item in happening]  # type: ignore[attr-defined]
    for item, chance in steps:
        ledger.receive(item[0], item[1], item[2])
        waiting.append(item)
        check(ledger, waiting)
        while waiting and chance > 0.5:
            settle(ledger, waiting.pop(int(chance * 97) % len(waiting)))
            check(ledger, waiting)
            chance = (chance * 7) % 1
    for item in waiting:
        settle(ledger, item)
    check(ledger, [])
    for signal in Signal:
        mine = [item for item in happening if item[0] is signal]
        account = ledger.account(signal)
        assert account.received == sum(records + refused for _, records, refused, *_ in mine)
        assert account.rejected == sum(refused for _, _, refused, *_ in mine)
        assert sum(account.dropped.values()) == sum(min(lost, records) for _, records, _, lost, _ in mine)
        assert account.late <= account.counted


def check(ledger: Ledger, waiting: list[Delivery]) -> None:
    for signal in Signal:
        account = ledger.account(signal)
        assert account.balanced
        assert account.pending == sum(item[1] for item in waiting if item[0] is signal)
        assert (
            min(account.received, account.counted, account.rejected, account.pending, *account.dropped.values(), 0) == 0
        )


def test_a_missing_record_is_an_imbalance() -> None:
    account = Account(received=10, counted=5, rejected=1, duplicate=1, dropped={"failed": 1}, pending=2, late=5)
    assert account.balanced
    assert not Account(11, 5, 1, 1, {"failed": 1}, 2, 5).balanced
    assert not Account(10, 5, 1, 1, {}, 2, 5).balanced


def test_signals_do_not_mix() -> None:
    ledger = Ledger()
    ledger.receive(Signal.LOGS, 3)
    ledger.settle(Signal.LOGS, 1, {"failed": 2, "own_telemetry": 0})
    assert ledger.account(Signal.TRACES) == Account(0, 0, 0, 0, {}, 0, 0)
    assert ledger.account(Signal.LOGS) == Account(3, 1, 0, 0, {"failed": 2}, 0, 0)


def test_readers_never_see_half_a_step() -> None:
    ledger, stop = Ledger(), threading.Event()

    def watch() -> bool:
        balanced = True
        while not stop.is_set():
            balanced = balanced and ledger.account(Signal.LOGS).balanced
        return balanced

    def work() -> None:
        for number in range(2000):
            ledger.receive(Signal.LOGS, number, 1)
            ledger.settle(Signal.LOGS, number // 2, {"failed": number - number // 2})

    with ThreadPoolExecutor(4) as threads:
        watcher = threads.submit(watch)
        for done in [threads.submit(work) for _ in range(3)]:
            done.result()
        stop.set()
        assert watcher.result()
    account = ledger.account(Signal.LOGS)
    assert account.pending == 0
    assert account.received == 3 * (sum(range(2000)) + 2000)
