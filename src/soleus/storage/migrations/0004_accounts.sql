-- People who sign in, what they may, the institutions that they belong to. Keys of names and addresses are folded, so
-- that none stands here twice in another spelling. Of sessions and invitations only the SHA-256 of the secret is kept.
CREATE TABLE account (
    id        TEXT PRIMARY KEY,
    name      TEXT NOT NULL,
    name_key  TEXT NOT NULL UNIQUE,
    email     TEXT,
    email_key TEXT UNIQUE,
    password  TEXT,
    locked    INTEGER NOT NULL,
    made_at   REAL NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE role (
    account TEXT NOT NULL REFERENCES account (id) ON DELETE CASCADE,
    role    TEXT NOT NULL,
    PRIMARY KEY (account, role)
) STRICT, WITHOUT ROWID;

CREATE TABLE identity (
    issuer  TEXT NOT NULL,
    subject TEXT NOT NULL,
    account TEXT NOT NULL REFERENCES account (id) ON DELETE CASCADE,
    PRIMARY KEY (issuer, subject),
    UNIQUE (issuer, account)
) STRICT, WITHOUT ROWID;

CREATE TABLE institution (
    id       TEXT PRIMARY KEY,
    name     TEXT NOT NULL,
    from_day TEXT NOT NULL,
    last_day TEXT NOT NULL,
    CHECK (from_day <= last_day)
) STRICT, WITHOUT ROWID;

CREATE TABLE member (
    institution TEXT NOT NULL REFERENCES institution (id) ON DELETE CASCADE,
    account     TEXT NOT NULL REFERENCES account (id) ON DELETE CASCADE,
    part        TEXT NOT NULL CHECK (part IN ('member', 'instructor')),
    PRIMARY KEY (institution, account)
) STRICT, WITHOUT ROWID;
CREATE INDEX member_by_account ON member (account);

CREATE TABLE session (
    id       TEXT PRIMARY KEY,
    account  TEXT NOT NULL REFERENCES account (id) ON DELETE CASCADE,
    device   TEXT NOT NULL,
    begun_at REAL NOT NULL,
    seen_at  REAL NOT NULL,
    until    REAL NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX session_by_account ON session (account);

CREATE TABLE invitation (
    id          TEXT PRIMARY KEY,
    account     TEXT REFERENCES account (id) ON DELETE CASCADE,
    email       TEXT,
    roles       TEXT NOT NULL,
    institution TEXT REFERENCES institution (id) ON DELETE CASCADE,
    part        TEXT NOT NULL CHECK (part IN ('member', 'instructor')),
    made_by     TEXT NOT NULL,
    made_at     REAL NOT NULL,
    until       REAL NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE attempts (
    key      TEXT PRIMARY KEY,
    failures INTEGER NOT NULL,
    last_at  REAL NOT NULL,
    until    REAL NOT NULL
) STRICT, WITHOUT ROWID;
