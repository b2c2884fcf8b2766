"""FHIR R4 in. A tolerant reader over plain mappings: one bad field never loses the rest."""
