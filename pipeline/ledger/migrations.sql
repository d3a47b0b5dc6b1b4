-- How a ledger of each earlier version becomes one of the next. Each step begins with "-- name:",
-- the version that it leads to, and what it is for; it runs in one transaction with the others.

-- name: to_2  what was sent, so that the provider's history can be compared; changes that are meant
ALTER TABLE ticket ADD COLUMN accepted INTEGER NOT NULL DEFAULT 0;
ALTER TABLE attempt ADD COLUMN parameters TEXT;
ALTER TABLE attempt ADD COLUMN image_sha256 TEXT;
ALTER TABLE attempt ADD COLUMN mask_sha256 TEXT;
CREATE INDEX attempt_by_request ON attempt (request_id) WHERE request_id IS NOT NULL;

-- name: to_3  the size of pictures that were made smaller, so that a result can tell it
ALTER TABLE attempt ADD COLUMN scaled TEXT;
