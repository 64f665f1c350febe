"""What Leadline serves over HTTP."""
