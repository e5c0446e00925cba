"""Scoring a folder of cases (DESIGN section 6)."""
