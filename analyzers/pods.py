"""One bad pod among replicas: told from its siblings in the same window, so that no history of a pod is needed."""

import math
from collections.abc import Mapping

from analyzers.census import OTHER
from analyzers.latencies import Latency
from analyzers.sketch import LOG_GAMMA, Sketch
from analyzers.surprises import standard

# Share of a departure that one pod must have, and how surely (nats) that is not its share of the work.
_MOST, _SURE = 2 / 3, 3.0
# Standard deviations by which a pod must be slower than its siblings.
_SLOWER = 4.0
# Standard deviation of the mean log durations of healthy siblings, and how well that is known.
_UNLIKE, _KNOWN = 0.2, 12.0
# As many slow calls as make a slow pod; as in `Latency`, none counts for more than so many standard deviations, of
# which none is taken to be smaller.
_SEVERAL, _INFLUENCE, _LEAST_SPREAD = 3, 4.0, 0.3


def failing(faults: Mapping[str, int], work: Mapping[str, int]) -> str:
    """The pod that has most of the faults though not most of the work; empty when there is none such."""
    total, done = sum(faults.values()), sum(work.values())
    if not total or len(work) < 2:
        return ""
    pod = max(sorted(faults), key=lambda name: faults[name])
    share, usual = faults[pod] / total, work.get(pod, 0) / done
    if pod == OTHER or share < _MOST or not 0 < usual < 1:
        return ""
    return pod if usual < share and total * _divergence(share, usual) >= _SURE else ""


def lacking(counts: Mapping[str, int], work: Mapping[str, int], expected: float) -> str:
    """The pod that is to blame for most of what is missing of an `expected` number; empty when there is none such."""
    done = sum(work.values())
    if not done:
        return ""
    missing = {pod: max(0, round(expected * calls / done - counts.get(pod, 0))) for pod, calls in work.items()}
    return failing({pod: number for pod, number in missing.items() if number}, work)


def slowest(bins: Mapping[str, int], timed: Mapping[str, int], usual: Latency) -> str:
    """The pod that is slower than its siblings and has most of the slowness; empty when there is none such.

    `bins` are sums of logarithmic bins of durations, `timed` how many those are.
    """
    if len(timed) < 2:
        return ""
    excess = {pod: bins.get(pod, 0) * LOG_GAMMA - count * (usual.mean + LOG_GAMMA / 2) for pod, count in timed.items()}
    pod = max(sorted(excess), key=lambda name: excess[name])
    rest, others = sum(excess.values()) - excess[pod], sum(timed.values()) - timed[pod]
    if pod == OTHER or excess[pod] <= 0 or excess[pod] < _MOST * (excess[pod] + max(0.0, rest)):
        return ""
    apart = excess[pod] / timed[pod] - rest / others
    return pod if apart >= _SLOWER * math.sqrt(usual.variance * (1 / timed[pod] + 1 / others)) else ""


def slower(bins: Mapping[str, int], timed: Mapping[str, int], seen: Sketch, usual: Latency, tolerance: float) -> float:
    """Standard deviations by which the slowest pod departs from its siblings; 0 where there is none such.

    What all have in common (load, time of day, a slow callee) cancels out, so that this sees one slow pod among many
    that the whole does not show. `seen` are all durations: a single long one makes no slow pod.
    """
    pod = slowest(bins, timed, usual)
    if not pod:
        return 0.0
    count, others = timed[pod], sum(timed.values()) - timed[pod]
    mean, rest = bins[pod] / count, (sum(bins.values()) - bins[pod]) / others
    reach = _INFLUENCE * max(math.sqrt(usual.variance), _LEAST_SPREAD)
    slow = sum(weight for value, weight in seen.logs() if value > rest * LOG_GAMMA + reach / 2)
    if slow < max(_SEVERAL, count / 2):
        return 0.0
    apart = min((mean - rest) * LOG_GAMMA, reach) - math.log1p(tolerance)
    error = math.sqrt(_UNLIKE**2 + usual.variance * (1 / count + 1 / others))
    return standard(max(0.0, apart) / error, usual.buckets + _KNOWN)


def _divergence(share: float, usual: float) -> float:
    """Nats a draw that it is `share` and not `usual` (Kullback and Leibler)."""
    other = (1 - share) * math.log((1 - share) / (1 - usual)) if share < 1 else 0.0
    return share * math.log(share / usual) + other
