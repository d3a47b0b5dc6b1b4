-- The books of the local API. Money is in whole micro-credits; times are Unix seconds.
PRAGMA user_version = 2;

-- The one account, and the port whose links it gave out last.
CREATE TABLE IF NOT EXISTS account (
    only          INTEGER PRIMARY KEY CHECK (only = 1),
    balance_micro INTEGER NOT NULL,
    port          INTEGER
) STRICT;

-- Every submit, the refused ones too; `ordinal` counts them in order of arrival. `price_micro` of
-- an open one (QUEUED or PROCESSING) is held back from the balance; `params` is what was asked as it
-- came, without the pictures; `http` is what was answered, 0 where the connection was closed instead;
-- `fault` is what was done to it on purpose, `shape` the shape of its answer.
CREATE TABLE IF NOT EXISTS request (
    ordinal         INTEGER PRIMARY KEY,
    id              TEXT NOT NULL UNIQUE,
    version         INTEGER NOT NULL,
    received_at     REAL NOT NULL,
    status          TEXT NOT NULL,
    http            INTEGER,
    fault           TEXT,
    shape           TEXT,
    params          TEXT,
    image_sha256    TEXT,
    mask_sha256     TEXT,
    body_sha256     TEXT,
    price_micro     INTEGER NOT NULL DEFAULT 0,
    milliseconds    INTEGER NOT NULL DEFAULT 0,
    started_at      REAL,
    finished_at     REAL,
    billed_micro    INTEGER NOT NULL DEFAULT 0,
    remaining_micro INTEGER,
    error           TEXT
) STRICT;
CREATE INDEX IF NOT EXISTS request_open ON request (status)
    WHERE status IN ('QUEUED', 'PROCESSING');
CREATE INDEX IF NOT EXISTS request_received ON request (received_at);

-- The pictures of open requests, kept until they finish so that a restart can go on.
CREATE TABLE IF NOT EXISTS picture (
    id    TEXT PRIMARY KEY REFERENCES request (id),
    image BLOB NOT NULL,
    mask  BLOB
) STRICT;

-- The files that links lead to. The roles `model`, `model.2` … are the outputs of a request, each
-- of which has a row in the history; an uploaded file has no request.
CREATE TABLE IF NOT EXISTS file (
    name       TEXT PRIMARY KEY,
    request_id TEXT REFERENCES request (id),
    role       TEXT NOT NULL,
    at         REAL NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS file_of_request ON file (request_id);
