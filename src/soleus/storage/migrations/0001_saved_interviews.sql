-- Interviews that somebody asked to keep. The id and the key of the seal both come from the private link;
-- neither can be turned back into it.
CREATE TABLE saved (
    id         TEXT PRIMARY KEY,
    sealed     BLOB NOT NULL,
    saved_at   REAL NOT NULL,
    expires_at REAL NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX saved_by_expiry ON saved (expires_at);
