"""Estimators on arrays, for whole populations. Knows no medicine and no database; NumPy only."""
