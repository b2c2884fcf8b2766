-- What people did: reviews, corrections, learning, the audit log. Rows are added, and deleted with their author's wish;
-- numbers are never used twice.
CREATE TABLE event (
    number  INTEGER PRIMARY KEY AUTOINCREMENT,
    topic   TEXT NOT NULL,
    subject TEXT NOT NULL,
    kind    TEXT NOT NULL,
    author  TEXT NOT NULL,
    at      REAL NOT NULL,
    body    TEXT NOT NULL
) STRICT;
CREATE INDEX event_by_subject ON event (topic, subject, number);
CREATE INDEX event_by_author ON event (topic, author, number);
