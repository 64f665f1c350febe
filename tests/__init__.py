"""The tests: unit, integration, e2e, chaos and bench, and the rig that they share."""
