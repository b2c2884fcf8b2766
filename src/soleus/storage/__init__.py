"""What is kept on disk, behind one small Protocol: nothing here knows medicine."""

from soleus.storage.accounts import Account, AccountStore, Attempts, Institution, Invitation, Member, Session
from soleus.storage.events import Event, EventLog
from soleus.storage.memory import MemoryRepository
from soleus.storage.repository import Card, Feedback, Repository, Saved
from soleus.storage.sqlite import SqliteRepository

__all__ = [
    "Account",
    "AccountStore",
    "Attempts",
    "Card",
    "Event",
    "EventLog",
    "Feedback",
    "Institution",
    "Invitation",
    "Member",
    "MemoryRepository",
    "Repository",
    "Saved",
    "Session",
    "SqliteRepository",
]
