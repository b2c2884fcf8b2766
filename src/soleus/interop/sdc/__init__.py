"""Structured Data Capture (HL7 SDC 4.0): the questions as FHIR forms, one after another or all at once."""
