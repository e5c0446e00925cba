"""The web door: the page for people, and what probes and scrapers read. Read-only."""
