"""What a recogniser is told when nobody wants its answer any more."""

from __future__ import annotations

from dataclasses import dataclass

from pipecat.frames.frames import SystemFrame


@dataclass
class ForgetSpeechFrame(SystemFrame):
    """Drop what was heard and what is being recognised; pass the frame on when that is done.

    What a recogniser says before this frame has come out of it belongs to the past, what it says
    afterwards to the future. One that does not know the frame lets it pass at once.

    Parameters:
        whole_follows: the next utterance comes all at once and is over: to guess at its beginning
            would only delay its end.
    """

    whole_follows: bool = False
