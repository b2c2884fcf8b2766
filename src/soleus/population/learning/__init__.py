"""From the counts of one database, or the aggregates of several, to an overlay on the knowledge."""
