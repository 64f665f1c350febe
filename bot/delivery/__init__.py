"""Leads on their way out: at least once, in the order of their revisions, never in a call's way."""
