"""Faults injected into calls on real audio."""
