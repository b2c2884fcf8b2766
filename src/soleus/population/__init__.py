"""Whole populations: public tables, cohorts and databases, and what they say about cramps and their causes."""
