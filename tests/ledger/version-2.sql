BEGIN TRANSACTION;
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
    mask_sha256   TEXT
) STRICT;
INSERT INTO "attempt" VALUES(1,'j000','8451ce6da5992b94c510e43a61c740ca6a9f79cbe1d7ee3bf159a066da9d93e1',1,'v1','bd04df00fe722c98704fba42239675721b01631ad1d3cbbdbb31de695170c8f3',65000,'billed','2026-11-22T22:26:43.490+00:00','2026-11-22T22:26:43.628+00:00',NULL,'b2e814d3-17a7-4a94-9046-134062874103',69114,1,9930886,123,'{"generation_time": "36.376"}','[]',NULL,NULL,'{"bounding_box": null, "include_artifacts": false, "point_coords": null, "prompt": null, "seed": 123}','1f874d5637303d0b4ee8c651f05bc753728f77464e7c040739fc4de29112061c',NULL);
INSERT INTO "attempt" VALUES(2,'j001','e86b16c8f18ba4d87316134ac219db9809d316f06d7da686a0f9b6993cd6454a',1,'v1','39c0a060788c1a9d309320b3a9b84735f19c7b2483f24b5327eef570a5fb0b91',65000,'unknown','2026-11-22T22:26:43.491+00:00',NULL,NULL,NULL,0,1,NULL,NULL,'{}','[]','connection_broke','the answer was lost: Server disconnected (ServerDisconnectedError); it may have been billed, and is not sent again by itself','{"bounding_box": null, "include_artifacts": false, "point_coords": null, "prompt": null, "seed": 123}','851b916457ab9f9f72e009980fb315975eb6277af9bc213fd3b8820623165bae',NULL);
INSERT INTO "attempt" VALUES(3,'j002','8dc48ef8f775b70a234887e2e10311ab5464441df9e99ab3cc0a6fe28f347f02',1,'v1','8eba2b912277f6485bcebf2e5d6c6ab4400828388970fdbfd94e689ce151a7f4',69114,'billed','2026-11-22T22:26:43.632+00:00','2026-11-22T22:26:43.655+00:00',NULL,'f6c644e1-70ce-4910-838c-a92030e9ec5b',68090,1,9793243,123,'{"generation_time": "35.837"}','[]',NULL,NULL,'{"bounding_box": null, "include_artifacts": false, "point_coords": null, "prompt": null, "seed": 123}','e7a040b983590d02bcec1aa16521bc0d54da15c8fe760725f072356824b77571',NULL);
INSERT INTO "attempt" VALUES(4,'j003','e57d13f63ebd4bc2f3b1c2c885e975d237f6306e76b9645a90f347db0e50de18',1,'v1','3371b762bebc35bb0acec1fdd184e06c27a1e6eb8d55cc771c72757e597268da',69114,'unbilled','2026-11-22T22:26:43.642+00:00','2026-11-22T22:26:43.664+00:00',500,NULL,0,1,NULL,NULL,'{}','[]','server_error','HTTP 500: Server had some issue with processing (after 1 tries; `catalog3d retry` puts the job back)','{"bounding_box": null, "include_artifacts": false, "point_coords": null, "prompt": null, "seed": 123}','42b06be6772ad16a83589c92bacf213fbe03e11392e8c62dd5337d7039da7be1',NULL);
INSERT INTO "attempt" VALUES(5,'j004','61172fb96152bab45b2a023947fb3776c3d6864a7fb5d5d4faf41a67349fecbc',1,'v1','54da60ac3845ad49b45d85dad42a9b6f433a48120a538b5a91eb75afbc3b5817',69114,'billed','2026-11-22T22:26:43.662+00:00','2026-11-22T22:26:43.684+00:00',NULL,'54b1bb45-f1aa-4550-87f9-99802a179d7c',60376,1,9732867,123,'{"generation_time": "31.777"}','[]',NULL,NULL,'{"bounding_box": null, "include_artifacts": false, "point_coords": null, "prompt": null, "seed": 123}','7d58eb04f7a186b4660f896b2ff5113a82ca0ef2a0e996550bdd4be6ddcb71ba',NULL);
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
INSERT INTO "file" VALUES('j000.glb','j000','8451ce6da5992b94c510e43a61c740ca6a9f79cbe1d7ee3bf159a066da9d93e1','result',NULL,1,'344ca25559b0c05fa0dcfd61d54facc97fabfcc5db8e4d7453f9f36876335b80',74224);
INSERT INTO "file" VALUES('j002.glb','j002','8dc48ef8f775b70a234887e2e10311ab5464441df9e99ab3cc0a6fe28f347f02','result',NULL,1,'11132fedc2710540005e12a675b1a7c744246ed77a13e6f1af503377ac6b8b83',74224);
INSERT INTO "file" VALUES('j004.glb','j004','61172fb96152bab45b2a023947fb3776c3d6864a7fb5d5d4faf41a67349fecbc','result',NULL,1,'cde2424cfafe84e4f5ad7f6616871894764cfa135ad534af4ca0afb1746d2210',74224);
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
INSERT INTO "job" VALUES('j000','../catalogue.yaml',1,0,0,'8451ce6da5992b94c510e43a61c740ca6a9f79cbe1d7ee3bf159a066da9d93e1','8451ce6da5992b94c510e43a61c740ca6a9f79cbe1d7ee3bf159a066da9d93e1');
INSERT INTO "job" VALUES('j001','../catalogue.yaml',1,1,0,'e86b16c8f18ba4d87316134ac219db9809d316f06d7da686a0f9b6993cd6454a','e86b16c8f18ba4d87316134ac219db9809d316f06d7da686a0f9b6993cd6454a');
INSERT INTO "job" VALUES('j002','../catalogue.yaml',1,2,0,'8dc48ef8f775b70a234887e2e10311ab5464441df9e99ab3cc0a6fe28f347f02','8dc48ef8f775b70a234887e2e10311ab5464441df9e99ab3cc0a6fe28f347f02');
INSERT INTO "job" VALUES('j003','../catalogue.yaml',1,3,0,'e57d13f63ebd4bc2f3b1c2c885e975d237f6306e76b9645a90f347db0e50de18','e57d13f63ebd4bc2f3b1c2c885e975d237f6306e76b9645a90f347db0e50de18');
INSERT INTO "job" VALUES('j004','../catalogue.yaml',1,4,0,'61172fb96152bab45b2a023947fb3776c3d6864a7fb5d5d4faf41a67349fecbc','61172fb96152bab45b2a023947fb3776c3d6864a7fb5d5d4faf41a67349fecbc');
CREATE TABLE meta (
    key   TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO "meta" VALUES('balance','{"run":1,"remaining":9732867}');
INSERT INTO "meta" VALUES('pressure','{"limit": 2, "reason": "as stated", "per_minute": null}');
INSERT INTO "meta" VALUES('provider','emulator');
CREATE TABLE override (
    id       TEXT PRIMARY KEY,
    declared TEXT NOT NULL,
    seed     INTEGER NOT NULL
) STRICT;
CREATE TABLE run (
    number     INTEGER PRIMARY KEY AUTOINCREMENT,
    started_at TEXT NOT NULL,
    ended_at   TEXT,
    exit_code  INTEGER,
    budget     INTEGER
) STRICT;
INSERT INTO "run" VALUES(1,'2026-11-22T22:26:43.473+00:00','2026-11-22T22:26:43.692+00:00',1,NULL);
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
INSERT INTO "ticket" VALUES('j000','8451ce6da5992b94c510e43a61c740ca6a9f79cbe1d7ee3bf159a066da9d93e1','{"id": "j000", "image": "photos/p000.png", "prompt": null, "mask": null, "point_coords": null, "bounding_box": null, "seed": 123, "include_artifacts": false, "priority": 0, "meta": {}, "line": 14}','succeeded',1,1,NULL,NULL,NULL,'2026-11-22T22:26:43.641+00:00',1,0);
INSERT INTO "ticket" VALUES('j001','e86b16c8f18ba4d87316134ac219db9809d316f06d7da686a0f9b6993cd6454a','{"id": "j001", "image": "photos/p001.png", "prompt": null, "mask": null, "point_coords": null, "bounding_box": null, "seed": 123, "include_artifacts": false, "priority": 0, "meta": {}, "line": 18}','unknown',1,2,NULL,'connection_broke','the answer was lost: Server disconnected (ServerDisconnectedError); it may have been billed, and is not sent again by itself','2026-11-22T22:26:43.629+00:00',1,0);
INSERT INTO "ticket" VALUES('j002','8dc48ef8f775b70a234887e2e10311ab5464441df9e99ab3cc0a6fe28f347f02','{"id": "j002", "image": "photos/p002.png", "prompt": null, "mask": null, "point_coords": null, "bounding_box": null, "seed": 123, "include_artifacts": false, "priority": 0, "meta": {}, "line": 22}','succeeded',1,3,NULL,NULL,NULL,'2026-11-22T22:26:43.660+00:00',1,0);
INSERT INTO "ticket" VALUES('j003','e57d13f63ebd4bc2f3b1c2c885e975d237f6306e76b9645a90f347db0e50de18','{"id": "j003", "image": "photos/p003.png", "prompt": null, "mask": null, "point_coords": null, "bounding_box": null, "seed": 123, "include_artifacts": false, "priority": 0, "meta": {}, "line": 26}','failed',1,4,NULL,'server_error','HTTP 500: Server had some issue with processing (after 1 tries; `catalog3d retry` puts the job back)','2026-11-22T22:26:43.664+00:00',1,0);
INSERT INTO "ticket" VALUES('j004','61172fb96152bab45b2a023947fb3776c3d6864a7fb5d5d4faf41a67349fecbc','{"id": "j004", "image": "photos/p004.png", "prompt": null, "mask": null, "point_coords": null, "bounding_box": null, "seed": 123, "include_artifacts": false, "priority": 0, "meta": {}, "line": 30}','succeeded',1,5,NULL,NULL,NULL,'2026-11-22T22:26:43.689+00:00',1,0);
CREATE INDEX job_by_order ON job (manifest, rank, position);
CREATE INDEX ticket_by_fingerprint ON ticket (fingerprint);
CREATE INDEX ticket_by_status ON ticket (status);
CREATE INDEX attempt_by_ticket ON attempt (id, fingerprint);
CREATE INDEX attempt_by_request ON attempt (request_id) WHERE request_id IS NOT NULL;
CREATE INDEX attempt_by_state ON attempt (state) WHERE state IN ('sent', 'accepted', 'unknown');
CREATE INDEX file_by_ticket ON file (id, fingerprint);
DELETE FROM "sqlite_sequence";
INSERT INTO "sqlite_sequence" VALUES('run',1);
INSERT INTO "sqlite_sequence" VALUES('attempt',5);
COMMIT;
PRAGMA user_version = 2;
