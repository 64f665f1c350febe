"""What is told about a call while and after it runs: logs that carry no caller's data."""
