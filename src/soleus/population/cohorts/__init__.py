"""Cohorts declared as data, who is in them, and how common things are."""
