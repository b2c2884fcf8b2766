-- CDS Hooks: tokens that were used (so that none is used twice), the kinds of cards shown, what became of them.
CREATE TABLE token (
    issuer TEXT NOT NULL,
    token  TEXT NOT NULL,
    until  REAL NOT NULL,
    PRIMARY KEY (issuer, token)
) STRICT, WITHOUT ROWID;
CREATE INDEX token_by_end ON token (until);

CREATE TABLE card (
    uuid     TEXT PRIMARY KEY,
    service  TEXT NOT NULL,
    kind     TEXT NOT NULL,
    shown_at REAL NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE feedback (
    number      INTEGER PRIMARY KEY,
    client      TEXT NOT NULL,
    service     TEXT NOT NULL,
    card        TEXT NOT NULL,
    outcome     TEXT NOT NULL CHECK (outcome IN ('accepted', 'overridden')),
    outcome_at  TEXT NOT NULL,
    suggestions TEXT NOT NULL,
    reason      TEXT NOT NULL,
    UNIQUE (client, service, card, outcome, outcome_at, suggestions, reason)
) STRICT;
