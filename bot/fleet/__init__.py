"""Many processes, one call each: how a call finds a process, and a process its call."""
