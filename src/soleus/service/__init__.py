"""The service: HTTP around the same judgement. FHIR, CDS Hooks and JSON here; pages in `soleus.web`."""
