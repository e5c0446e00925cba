"""A shop whose payment service hangs: one graph, one open incident with everything in it, one past."""

from dataclasses import replace

from analyzers.anomaly import Anomaly
from analyzers.exemplar import LogExemplar
from analyzers.service import ServiceKey
from rca.diagnosis import Diagnosis, Evidence, RootCause, RuledOut, SimilarIncident
from rca.graph import Edge, Node, ServiceGraph
from rca.incident import Incident, Severity, State
from server.ledger import Account
from server.progress import Progress
from server.web.status import StatusView

SECOND = 1_000_000_000
MINUTE = 60 * SECOND
# 2026-11-20 10:00:00 UTC.
START = 1_795_168_800 * SECOND
TRACE = bytes.fromhex("4bf92f3577b34da6a3ce929d0e0e4736")


def key(name: str) -> ServiceKey:
    return ServiceKey("production", "shop", name)


GATEWAY, FRONTEND, CHECKOUT, PAYMENT = key("gateway"), key("frontend"), key("checkout"), key("payment")
CART, CATALOG, CARDS, LEDGER = key("cart"), key("catalog"), ServiceKey("", "", "cards.bank.example"), key("ledger")
MAILER, RECOMMENDER = key("mailer"), key("product-recommendation-engine-v2")


def edge(
    client: ServiceKey,
    server: ServiceKey,
    calls: int,
    p95: float,
    errors: int = 0,
    asynchronous: bool = False,
    inferred: bool = False,
) -> Edge:
    """`p95` in milliseconds."""
    return Edge(client, server, calls, errors, p95 * 4e5, p95 * 1e6, asynchronous, inferred)


def node(service: ServiceKey, spans: int = 900, errors: int = 0) -> Node:
    return Node(service, spans, errors, records=120, instrumented=service != CARDS)


GRAPH = ServiceGraph(
    START,
    START + MINUTE,
    tuple(
        sorted(
            (
                node(GATEWAY, 2400, 61),
                node(FRONTEND, 2380, 60),
                node(CHECKOUT, 640, 58),
                node(PAYMENT, 320, 57),
                node(CART),
                node(CATALOG, 4100),
                node(CARDS, 0),
                node(LEDGER, 310),
                node(RECOMMENDER, 1200),
                node(MAILER, 0),
            ),
            key=lambda item: item.service,
        )
    ),
    tuple(
        sorted(
            (
                edge(GATEWAY, FRONTEND, 1200, 2310, 60),
                edge(FRONTEND, CHECKOUT, 320, 2290, 58),
                edge(FRONTEND, CART, 450, 12),
                edge(FRONTEND, CATALOG, 12_500, 8.4),
                edge(FRONTEND, RECOMMENDER, 600, 31),
                edge(RECOMMENDER, CATALOG, 1800, 7.2),
                edge(CHECKOUT, PAYMENT, 320, 2250, 57),
                edge(CHECKOUT, CART, 320, 11),
                edge(PAYMENT, CARDS, 320, 2200, 55, inferred=True),
                edge(PAYMENT, LEDGER, 300, 6, asynchronous=True),
                edge(LEDGER, CHECKOUT, 40, 5),
            ),
            key=lambda item: (item.client, item.server),
        )
    ),
)


def log(body: str, seconds: float, severity: int = 17, exception_type: str = "") -> LogExemplar:
    when = START + int(seconds * SECOND)
    return LogExemplar(when, TRACE, b"12345678", body, severity, "payment-7d9f-x2x8q", "payment.cards", exception_type)


def anomaly(service: ServiceKey, detector: str, subject: str, surprise: float, seconds: float, text: str) -> Anomaly:
    start = START + int(seconds // 15 * 15) * SECOND
    return Anomaly(
        service,
        detector,
        subject,
        surprise,
        observed=2210.0,
        expected=41.5,
        unit="ms",
        start_unix_nano=start,
        end_unix_nano=start + 15 * SECOND,
        description=text,
        onset_unix_nano=START + int(seconds * SECOND),
        trace_ids=(TRACE,),
    )


SLOW = replace(
    anomaly(PAYMENT, "self_time", "POST /charge", 31.4, 12, "POST /charge itself takes 2210 ms, usual are 41.5"),
    pod="payment-7d9f-x2x8q",
)
NEW = replace(
    anomaly(PAYMENT, "new_template", "card gateway timed out after <*> ms, attempt <*>", 12.1, 13, "never seen before"),
    template_id="5f1d",
    exemplars=(
        log("card gateway timed out after 2000 ms, attempt 1", 13.25, 17, "java.net.SocketTimeoutException"),
        log('{"level":"error","msg":"card gateway timed out after 2000 ms","attempt":2,"card":"****4242"}', 15.5),
        log("could not settle: 连接超时\n  at Cards.charge(Cards.java:81)\n  at Checkout.pay", 16, 21),
    ),
)
FAILED = replace(
    anomaly(CHECKOUT, "span_errors", "PlaceOrder", 18.2, 14, "58 of 320 calls of PlaceOrder failed, 0.4 are usual"),
    exemplars=(log("order failed: payment answered 504", 14.5, 13),),
)
FEWER = anomaly(FRONTEND, "throughput", "work done", -6.3, 31, "210 units of work where 390.2 are usual for the load")

CAUSE = RootCause(
    PAYMENT,
    (
        Evidence("self_time", 1.204, SLOW.description, (SLOW.anomaly_id,), (TRACE,)),
        Evidence("new_template", 0.718, "a log template appeared that was never seen before", (NEW.anomaly_id,)),
        Evidence("earliest", 0.35, "it departed from normal 2 s before anything else"),
        Evidence("blame_below", -0.287, "its callee cards.bank.example could be the cause, seen by its caller only"),
        Evidence("reach", 0.2215, "3 of 3 affected services are its callers"),
    ),
    "payment itself became slow in POST /charge, and its callers wait for it",
    (PAYMENT, CHECKOUT, FRONTEND),
    confidence=0.71,
    pod="payment-7d9f-x2x8q",
    operation="POST /charge",
    onset_unix_nano=START + 12 * SECOND,
)
RUNNER_UP = RootCause(
    CHECKOUT,
    (
        Evidence("span_errors", 1.1, FAILED.description, (FAILED.anomaly_id,)),
        Evidence("explained", -0.4, "its failures are explained by payment, which it calls"),
    ),
    "PlaceOrder in checkout fails",
    (CHECKOUT, FRONTEND),
    confidence=0.22,
)
PAST = Incident(
    incident_id="00c0ffee",
    title="ledger: records fall silent",
    state=State.RESOLVED,
    severity=Severity.MEDIUM,
    services=(LEDGER,),
    anomalies=(),
    start_unix_nano=START - 26 * 60 * MINUTE,
    create_unix_nano=START - 26 * 60 * MINUTE,
    update_unix_nano=START - 25 * 60 * MINUTE,
    end_unix_nano=START - 25 * 60 * MINUTE,
    resolve_unix_nano=START - 25 * 60 * MINUTE,
    resolution="Restarted the consumer; its partition had no owner.",
)
OPEN = Incident(
    incident_id="a1b2c3d4e5f60718",
    title="payment: POST /charge takes 2.2 s, orders fail",
    state=State.OPEN,
    severity=Severity.CRITICAL,
    services=(CHECKOUT, FRONTEND, PAYMENT),
    anomalies=(SLOW, NEW, FAILED, FEWER),
    start_unix_nano=START + 12 * SECOND,
    create_unix_nano=START + 30 * SECOND,
    update_unix_nano=START + 60 * SECOND,
    labels={"team": "payments"},
    diagnosis=Diagnosis(
        root_causes=(CAUSE, RUNNER_UP),
        ruled_out=(
            RuledOut(CHECKOUT, "its failures are explained by payment, which it calls"),
            RuledOut(CATALOG, "nothing in it departs from normal"),
        ),
        summary="Payment itself became slow in POST /charge. It spreads along payment -> checkout -> frontend.",
        remediation_steps=(
            "Profile POST /charge in payment; check CPU limits, throttling, garbage collection and locks there.",
            "See whether cards.bank.example answers in time; set a shorter timeout with a breaker.",
        ),
        graph=GRAPH,
        diagnose_unix_nano=START + 45 * SECOND,
        similar=(
            SimilarIncident(
                "00c0ffee",
                "payment: card gateway hangs",
                0.83,
                ("root cause payment", "template: card gateway timed out after <*> ms"),
                ("checkout did not fail",),
                "Switched to the second card gateway and lowered the timeout to 800 ms.",
                START - 9 * 24 * 60 * MINUTE,
                "production/shop/payment",
            ),
        ),
    ),
)


def signal(**change: object) -> Account:
    whole = Account(
        received=184_220,
        counted=183_900,
        rejected=12,
        duplicate=200,
        dropped={"too_old": 3, "attributes": 0},
        pending=105,
        late=41,
    )
    return replace(whole, **change)  # type: ignore[arg-type]


STATUS = StatusView(
    logs=signal(),
    traces=signal(received=9, counted=9, rejected=0, duplicate=0, dropped={}, pending=0, late=0),
    ready=True,
    progress=Progress(START + 4 * MINUTE, START + 4 * MINUTE, False, 0.0),
    started_unix_nano=START - 60 * MINUTE,
    version="0.1.0",
    incidents_open=1,
    native_ingest="in use",
)
