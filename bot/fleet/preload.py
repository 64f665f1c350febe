"""Imported once in the fork server, so that its job processes share the memory of the imports.

Nothing here may start a thread, load a model or read a setting: a fork copies none of them well.
"""

from __future__ import annotations

import pipecat.transports.livekit.transport

import bot.call
import bot.fleet.job
import bot.playbooks
import bot.services.local.stt
import bot.services.local.tts
import bot.storage.store

__all__ = ["bot", "pipecat"]
