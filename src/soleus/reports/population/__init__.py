"""A report on one database as one HTML page."""

from soleus.reports.population.page import filled, page, rules
from soleus.reports.population.words import lead, meta

__all__ = ["filled", "lead", "meta", "page", "rules"]
