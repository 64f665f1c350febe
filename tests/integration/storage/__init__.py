"""What lasts, in real databases: a SQLite file and a real Postgres."""
