-- The books of the local API, version 1. Money is in whole micro-credits; times are Unix seconds.

-- The one account, and the port whose links it gave out last.
CREATE TABLE IF NOT EXISTS account (
    only          INTEGER PRIMARY KEY CHECK (only = 1),
    balance_micro INTEGER NOT NULL,
    port          INTEGER
) STRICT;

-- Every submit, the refused ones too, in order of arrival. `price_micro` of an open one (QUEUED or
-- PROCESSING) is held back from the balance; `params` is what was asked, without the pictures.
CREATE TABLE IF NOT EXISTS request (
    ordinal         INTEGER PRIMARY KEY AUTOINCREMENT,
    id              TEXT NOT NULL UNIQUE,
    version         INTEGER NOT NULL,
    received_at     REAL NOT NULL,
    status          TEXT NOT NULL,
    http            INTEGER,
    params          TEXT,
    image_sha256    TEXT,
    body_sha256     TEXT,
    price_micro     INTEGER NOT NULL DEFAULT 0,
    milliseconds    INTEGER NOT NULL DEFAULT 0,
    started_at      REAL,
    finished_at     REAL,
    billed_micro    INTEGER NOT NULL DEFAULT 0,
    remaining_micro INTEGER,
    result          TEXT,
    error           TEXT
) STRICT;
CREATE INDEX IF NOT EXISTS request_open ON request (status)
    WHERE status IN ('QUEUED', 'PROCESSING');

-- The pictures of open requests, kept until they finish so that a restart can go on.
CREATE TABLE IF NOT EXISTS picture (
    id    TEXT PRIMARY KEY REFERENCES request (id),
    image BLOB NOT NULL,
    mask  BLOB
) STRICT;
