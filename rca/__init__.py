"""Anomalies to a diagnosed incident: graph, correlation, ranking, explanation, memory. Imports analyzers only."""
