"""The commands, one module a noun. Each imports what is slow only when it runs."""
