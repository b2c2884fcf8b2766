"""CDS Hooks 2.0.1: discovery, cards for a hook, and what became of them. Mappings in, mappings out; no framework."""

from soleus.interop.cds_hooks.answering import Answered, answer, respond, wanted
from soleus.interop.cds_hooks.feedback import Count, feedback, report
from soleus.interop.cds_hooks.prefetch import Fetch
from soleus.interop.cds_hooks.services import BY_ID, HOOKS, services

__all__ = [
    "BY_ID",
    "HOOKS",
    "Answered",
    "Count",
    "Fetch",
    "answer",
    "feedback",
    "report",
    "respond",
    "services",
    "wanted",
]
