"""Reading and writing what other systems speak. FHIR shapes stay here."""
