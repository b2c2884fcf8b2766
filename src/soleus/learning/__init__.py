"""A course of cases: choice, confidence, explanation, results over time."""
