"""Accounts: who may learn, review and administer. Reading, interview and judgement never need one."""

from soleus.accounts.visitor import Role, Visitor, allowed

__all__ = ["Role", "Visitor", "allowed"]
