"""What lasts, without a database."""
