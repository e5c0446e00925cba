"""Numbers that exist anyway, read when somebody scrapes."""

import time

from server.engine import Engine
from server.inbox import Inbox
from server.journal import Journal
from server.memory import Memory
from server.metrics import GaugeCollector, TallyCollector
from server.progress import progress_of


def throttled(inbox: Inbox) -> TallyCollector:
    help_text = "Requests that were told to come again, by what there was no room in."
    return TallyCollector("hypocenter_throttled_requests", help_text, "reason", inbox.refused)


def folded(engine: Engine) -> TallyCollector:
    census, timeline = engine.census, engine.timeline
    return TallyCollector(
        "hypocenter_folded",
        "What was counted under <other>, cut or left unread because a limit was reached.",
        "what",
        lambda: {
            "services": census.folded,
            "pods": census.folded_pods,
            "versions": census.folded_versions,
            "names": census.cut_names,
            "resource_attributes": census.unread_attributes,
            "templates": timeline.folded_records,
            "operations": timeline.assembler.folded,
            "edges": timeline.assembler.folded_edges,
        },
    )


def gauges(inbox: Inbox, engine: Engine, journal: Journal, memory: Memory) -> GaugeCollector:
    timeline, baseline = engine.timeline, engine.baseline
    return GaugeCollector(
        {
            "hypocenter_inbox_bytes": ("Acknowledged and waiting for the pipeline.", lambda: inbox.pending_bytes),
            "hypocenter_drain_bytes_per_second": (
                "What the pipeline works off while there is something to do.",
                lambda: inbox.bytes_per_second,
            ),
            "hypocenter_resident_bytes": ("Memory of this process.", lambda: memory.resident),
            "hypocenter_memory_ceiling_bytes": ("Above it senders are told to wait; 0: none.", lambda: memory.ceiling),
            "hypocenter_memory_throttling": ("1 while they are told to.", lambda: memory.closed),
            "hypocenter_inbox_requests": ("Requests waiting for the pipeline.", lambda: inbox.pending_requests),
            "hypocenter_journal_bytes": ("Held in the journal.", lambda: journal.bytes_held),
            "hypocenter_journal_oldest_age_seconds": (
                "Since the oldest that the journal holds was received; 0 when it holds nothing.",
                lambda: (time.time_ns() - oldest) / 1e9 if (oldest := journal.oldest_unix_nano) else 0.0,
            ),
            "hypocenter_journal_lost_records": ("In damaged parts, set aside.", lambda: journal.lost_records),
            "hypocenter_open_spans": ("Spans remembered for their other half.", lambda: len(timeline.assembler)),
            "hypocenter_pending_spans": ("Spans whose bucket is open.", lambda: timeline.pending_spans),
            "hypocenter_evicted_spans": ("Halves given up before their time.", lambda: timeline.assembler.evicted),
            "hypocenter_known_services": ("Services with a baseline.", lambda: len(baseline.services)),
            "hypocenter_service_aliases": (
                "Services whose logs come under another name than their spans.",
                lambda: len(timeline.aliases),
            ),
            "hypocenter_service_addresses": (
                "Addresses of which it is watched who answers there.",
                lambda: len(timeline.addresses),
            ),
            "hypocenter_watermark_seconds": (
                "Event time up to which all is in.",
                lambda: timeline.watermark_unix_nano / 1e9,
            ),
            "hypocenter_catching_up": (
                "1 while windows are held because somebody sends a backlog.",
                timeline.catch_up.holding,
            ),
            "hypocenter_behind_seconds": (
                "Event time up to which windows are judged, before now, while somebody sends a backlog; else 0.",
                lambda: progress_of(timeline, time.time_ns()).behind_seconds,
            ),
            "hypocenter_live_incidents": ("Incidents not resolved.", lambda: len(engine.tracker.live)),
        }
    )
