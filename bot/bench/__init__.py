"""Benchmarks that an installed Leadline can run."""
