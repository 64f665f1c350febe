"""Many calls on many machines: workers, dispatches, and what watches over both."""
