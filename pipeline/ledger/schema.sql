-- The ledger, version 3. Money is in whole micro-credits; times are ISO-8601 in UTC.

CREATE TABLE meta (
    key   TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- A start of `run`: what it was allowed to spend, and how it ended (NULL: it did not say).
CREATE TABLE run (
    number     INTEGER PRIMARY KEY AUTOINCREMENT,
    started_at TEXT NOT NULL,
    ended_at   TEXT,
    exit_code  INTEGER,
    budget     INTEGER
) STRICT;

-- What a manifest asks for now: one row an id, with the fingerprint it has at present, and the one
-- that the manifest declares, where `retry --seed` chose another seed. `manifest` is the path from
-- the ledger's folder; `run` the last run that read the job there. `rank` is what priority sorts
-- by: the same way up as `position`, so that one index gives the order and any place in it.
CREATE TABLE job (
    id          TEXT PRIMARY KEY,
    manifest    TEXT NOT NULL,
    run         INTEGER NOT NULL,
    position    INTEGER NOT NULL,
    priority    INTEGER NOT NULL,
    rank        INTEGER AS (-priority) VIRTUAL,
    fingerprint TEXT NOT NULL,
    declared    TEXT NOT NULL
) STRICT;
CREATE INDEX job_by_order ON job (manifest, rank, position);

-- The state of a job for one fingerprint. A changed job is another ticket of the same id.
-- `attempt` is the row of the purchase in hand; `twin_of` the job that bought for this one.
-- `spec` is the job as it was declared when it had this fingerprint. The fingerprint of a job whose
-- picture cannot be read is ''. `accepted` is set where somebody has said, by `--accept-changes`,
-- that a changed job is meant.
CREATE TABLE ticket (
    id            TEXT NOT NULL,
    fingerprint   TEXT NOT NULL,
    spec          TEXT NOT NULL,
    status        TEXT NOT NULL,
    attempts      INTEGER NOT NULL DEFAULT 0,
    attempt       INTEGER REFERENCES attempt (number),
    twin_of       TEXT,
    error_kind    TEXT,
    error_message TEXT,
    changed_at    TEXT NOT NULL,
    changed_run   INTEGER NOT NULL,
    accepted      INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (id, fingerprint)
) STRICT, WITHOUT ROWID;
CREATE INDEX ticket_by_fingerprint ON ticket (fingerprint);
CREATE INDEX ticket_by_status ON ticket (status);

-- One POST, kept for ever. `state`: sent and accepted and unknown are not settled and hold
-- `reserved`; billed carries `credits`; unbilled cost nothing. `parameters` and the hashes are of
-- what was sent, as the provider's history may show it; NULL before version 2. `scaled` is the size
-- of a picture that was made smaller, as JSON; NULL where it was not, and before version 3.
CREATE TABLE attempt (
    number        INTEGER PRIMARY KEY AUTOINCREMENT,
    id            TEXT NOT NULL,
    fingerprint   TEXT NOT NULL,
    run           INTEGER NOT NULL REFERENCES run (number),
    protocol      TEXT NOT NULL,
    body_sha256   TEXT NOT NULL,
    reserved      INTEGER NOT NULL,
    state         TEXT NOT NULL
        CHECK (state IN ('sent', 'accepted', 'billed', 'unbilled', 'unknown')),
    sent_at       TEXT NOT NULL,
    settled_at    TEXT,
    http_status   INTEGER,
    request_id    TEXT,
    credits       INTEGER NOT NULL DEFAULT 0,
    credits_known INTEGER NOT NULL DEFAULT 1,
    remaining     INTEGER,
    seed          INTEGER,
    metrics       TEXT NOT NULL DEFAULT '{}',
    links         TEXT NOT NULL DEFAULT '[]',
    error_kind    TEXT,
    error_message TEXT,
    parameters    TEXT,
    image_sha256  TEXT,
    mask_sha256   TEXT,
    scaled        TEXT
) STRICT;
CREATE INDEX attempt_by_ticket ON attempt (id, fingerprint);
CREATE INDEX attempt_by_request ON attempt (request_id) WHERE request_id IS NOT NULL;
CREATE INDEX attempt_by_state ON attempt (state) WHERE state IN ('sent', 'accepted', 'unknown');

-- Files a ticket owns below the output folder. Until `placed`, the bytes stand under `temporary`.
CREATE TABLE file (
    path        TEXT PRIMARY KEY,
    id          TEXT NOT NULL,
    fingerprint TEXT NOT NULL,
    role        TEXT NOT NULL,
    temporary   TEXT,
    placed      INTEGER NOT NULL,
    sha256      TEXT NOT NULL,
    bytes       INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX file_by_ticket ON file (id, fingerprint);

-- Another seed for a failed job, by `retry --seed`; holds while what is declared stays the same.
CREATE TABLE override (
    id       TEXT PRIMARY KEY,
    declared TEXT NOT NULL,
    seed     INTEGER NOT NULL
) STRICT;

PRAGMA user_version = 3;
