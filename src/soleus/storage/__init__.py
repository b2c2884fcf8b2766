"""What is kept on disk, behind one small Protocol: nothing here knows medicine."""

from soleus.storage.events import Event, EventLog
from soleus.storage.memory import MemoryRepository
from soleus.storage.repository import Card, Feedback, Repository, Saved
from soleus.storage.sqlite import SqliteRepository

__all__ = ["Card", "Event", "EventLog", "Feedback", "MemoryRepository", "Repository", "Saved", "SqliteRepository"]
