"""NHANES 2005-2008: how common leg cramps in bed are in the United States, and what goes with them.

The survey asked about leg cramps in these two cycles alone. Its tables are public (National Center for Health
Statistics); they may be used for statistics only, never to find out who somebody is.
"""
