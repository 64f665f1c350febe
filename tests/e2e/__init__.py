"""Whole calls: a real LiveKit server, real audio, a real browser."""
