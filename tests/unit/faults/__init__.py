"""The benchmark of faults: its matrix, its ears and its figures."""
