"""The providers' services: how each one is reached, and the local models."""
