"""The equation holds at every moment, in whatever order things happen."""

import threading
from concurrent.futures import ThreadPoolExecutor

from hypothesis import given
from hypothesis import strategies as st

from server.ledger import Account, Ledger, Signal

# What may happen to one delivery: signal, records, refused at the door, lost of the records, late of the rest, and
# whether it was here before.
deliveries = st.tuples(
    st.sampled_from(Signal),
    st.integers(0, 1000),
    st.integers(0, 50),
    st.integers(0, 1000),
    st.integers(0, 1000),
    st.booleans(),
)
Delivery = tuple[Signal, int, int, int, int, bool]


def settle(ledger: Ledger, delivery: Delivery) -> None:
    signal, records, refused, lost, late, again = delivery
    if not records:
        # Has nothing for the pipeline: the door settles what it refused by itself.
        return
    if again:
        ledger.settle(signal, records, rejected=refused, duplicate=records)
        return
    dropped = min(lost, records)
    counted = records - dropped
    reasons = {"own_telemetry": dropped // 2, "failed": dropped - dropped // 2}
    ledger.settle(signal, records, rejected=refused, counted=counted, late=min(late, counted), dropped=reasons)


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
        assert account.duplicate == sum(records for _, records, *_, again in mine if again)
        assert sum(account.dropped.values()) == sum(
            min(lost, records) for _, records, _, lost, _, again in mine if not again
        )
        assert account.late <= account.counted


def check(ledger: Ledger, waiting: list[Delivery]) -> None:
    for signal in Signal:
        account = ledger.account(signal)
        assert account.balanced
        assert account.pending == sum(item[1] for item in waiting if item[0] is signal)
        assert (
            min(account.received, account.counted, account.rejected, account.pending, *account.dropped.values(), 0) == 0
        )


def test_what_was_settled_is_known_again_and_nothing_of_it_pends() -> None:
    before = Ledger()
    before.receive(Signal.LOGS, 10, 2)
    before.settle(Signal.LOGS, 10, rejected=2, counted=7, late=1, dropped={"failed": 3})
    before.receive(Signal.TRACES, 0, 4)
    # Not yet taken, nor anything that was refused beside it: both come again with the journal.
    before.receive(Signal.TRACES, 5, 1)
    after = Ledger()
    after.restore(before.state())
    assert after.account(Signal.LOGS) == Account(12, 7, 2, 0, {"failed": 3}, 0, 1)
    assert after.account(Signal.TRACES) == Account(4, 0, 4, 0, {}, 0, 0)
    assert before.account(Signal.TRACES) == Account(10, 0, 5, 0, {}, 5, 0)


def test_a_missing_record_is_an_imbalance() -> None:
    account = Account(received=10, counted=5, rejected=1, duplicate=1, dropped={"failed": 1}, pending=2, late=5)
    assert account.balanced
    assert account.equation == "10 received = 5 counted + 1 rejected + 1 duplicate + 1 dropped + 2 pending"
    assert Account(11, 5, 1, 1, {"failed": 1}, 2, 5).difference == 1
    assert not Account(11, 5, 1, 1, {"failed": 1}, 2, 5).balanced
    assert not Account(10, 5, 1, 1, {}, 2, 5).balanced


def test_signals_do_not_mix() -> None:
    ledger = Ledger()
    ledger.receive(Signal.LOGS, 3)
    ledger.settle(Signal.LOGS, 3, counted=1, dropped={"failed": 2, "own_telemetry": 0})
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
            ledger.settle(
                Signal.LOGS, number, rejected=1, counted=number // 2, dropped={"failed": number - number // 2}
            )

    with ThreadPoolExecutor(4) as threads:
        watcher = threads.submit(watch)
        for done in [threads.submit(work) for _ in range(3)]:
            done.result()
        stop.set()
        assert watcher.result()
    account = ledger.account(Signal.LOGS)
    assert account.pending == 0
    assert account.received == 3 * (sum(range(2000)) + 2000)
