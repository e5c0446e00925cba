"""Numbers as a person at three in the morning wants to read them."""


def usual(expected: float) -> str:
    """How many are usual: "none is usual", "1.3 are usual", "240 are usual"."""
    if expected < 0.05:
        return "none is usual"
    return f"{expected:.0f} are usual" if expected >= 10 else f"{expected:.1f} are usual"


def milliseconds(nanoseconds: float) -> str:
    """Three significant figures: "0.72 ms", "43 ms", "1200 ms"."""
    value = nanoseconds / 1e6
    return f"{value:.0f} ms" if value >= 100 else f"{value:.3g} ms"
