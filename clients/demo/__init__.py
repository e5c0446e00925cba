"""`hypocenter demo`: a working shop, one fault, and the incident with its cause."""

from clients.demo.demo import DemoOptions, run_demo

__all__ = ["DemoOptions", "run_demo"]
