"""What every fact carries: where it comes from, how sure it is, and who has reviewed it.

A fact without a source says so in its ``basis`` (``expert``); nothing is cited that was not looked up.
"""

from soleus.evidence.record import (
    Basis,
    Cited,
    Code,
    Estimate,
    Record,
    Review,
    ReviewStatus,
    Source,
    Spread,
)

__all__ = ["Basis", "Cited", "Code", "Estimate", "Record", "Review", "ReviewStatus", "Source", "Spread"]
