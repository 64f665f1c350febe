"""A simulated caller: a persona who talks to a bot over real audio.

`peer*.py` carries sound and messages (WebRTC or LiveKit), `persona.py` says who calls,
`understanding.py` what the bot wants to hear, `simulated.py` holds the conversation.
"""
