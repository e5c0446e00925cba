"""Spans in columns: sorted, joined with their parents, grouped and counted, thousands at once in native code.

Python is touched once for each group (an operation, an edge, a pod of an operation), never for a span.
"""
