"""How well values are captured: simulated callers, noise channels, and a naive filler beside."""
