"""Is it right? Published tables, vignettes by others, simulated patients, interviews, baselines.

None of this is clinical validation: vignettes were written by the maintainers from published cases, and simulated
patients come from the knowledge base itself.
"""
