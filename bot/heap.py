"""What start-up leaves on the heap is exempt from garbage collection.

A full collection walks all of it, models, clients and code, and holds up the event loop for 40 ms,
in which no audio moves.
"""

from __future__ import annotations

import atexit
import gc


def settle() -> None:
    """Collect now, and never look again at what is alive; call it before audio flows."""
    gc.collect()
    gc.freeze()
    # The interpreter's last collection must see everything, or native modules report leaks.
    atexit.unregister(gc.unfreeze)
    atexit.register(gc.unfreeze)
