"""Measurements: one command a target, each ``python -m benchmarks.NAME``; see README.md."""
