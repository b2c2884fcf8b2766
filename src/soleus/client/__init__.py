"""A typed client of `soleus serve`: the answers of the package, from a service.

    with Client("http://127.0.0.1:8000") as soleus:
        answer = soleus.assess({"person": {"age": 67}, "findings": {"quality": "cramp"}})
        answer.complaints[0].explanations[0].probability

`AsyncClient` has the same methods to be awaited. Errors are those of `soleus.errors`.
"""

from soleus.client.calls import NoteAnswer, ReadingAnswer, Ready, Unread
from soleus.client.clients import AsyncClient, Client

__all__ = ["AsyncClient", "Client", "NoteAnswer", "ReadingAnswer", "Ready", "Unread"]
