"""Alembic's scripts; they run inside the application, see `bot/storage/schema.py`."""
