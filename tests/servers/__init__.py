"""Real programs that the tests start by themselves: LiveKit, Chromium, Postgres, Valkey."""
