"""Signals to anomalies: columns, templates, windows, baselines, detectors. Imports nothing of the other packages."""
