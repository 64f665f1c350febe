"""One module at a time; no network, no server, no audio device."""
