-- Statements of the ledger. Each begins with "-- name:", its name, and what it is for. A `+` before
-- a column keeps SQLite from an index: a status has thousands of tickets, a key a few.

-- name: provider_get  whose results this ledger holds
SELECT value FROM meta WHERE key = 'provider';

-- name: provider_set  claim a new ledger for a provider
INSERT INTO meta (key, value) VALUES ('provider', :provider) ON CONFLICT DO NOTHING;

-- name: press  how hard the run presses the API now
INSERT INTO meta (key, value) VALUES ('pressure', :pressure)
ON CONFLICT (key) DO UPDATE SET value = excluded.value;

-- name: pressure  how hard the last run that bought pressed the API
SELECT value FROM meta WHERE key = 'pressure';

-- name: run_begin  a run starts
INSERT INTO run (started_at, budget) VALUES (:now, :budget);

-- name: run_end  a run says how it ended
UPDATE run SET ended_at = :now, exit_code = :exit_code WHERE number = :run;

-- name: orphan_attempts  attempts whose run ended between the intent and the answer
UPDATE attempt
SET state = 'unknown', error_kind = 'interrupted',
    error_message = 'the run ended before the answer came'
WHERE state = 'sent';

-- name: orphan_tickets  the jobs of such attempts
UPDATE ticket
SET status = 'unknown', attempts = attempts + 1, changed_at = :now, changed_run = :run,
    error_kind = 'interrupted',
    error_message = 'the run ended before the answer came; it may have been billed'
WHERE status = 'sent';

-- name: registered  a batch of ids as an earlier run registered them
SELECT job.id, job.manifest, job.position, job.priority, job.fingerprint, job.declared, ticket.spec
FROM json_each(:ids) AS wanted
JOIN job ON job.id = wanted.value
JOIN ticket ON ticket.id = job.id AND ticket.fingerprint = job.fingerprint;

-- name: reread  jobs that stand as they stood: only the run that read them is new
UPDATE job SET run = :run WHERE id IN (SELECT value FROM json_each(:ids));

-- name: owners  the other manifests that own ids of a batch, each with one of them
SELECT job.manifest, MIN(job.id) AS id
FROM json_each(:rows) AS row JOIN job ON job.id = row.value ->> 'id'
WHERE job.manifest <> :manifest
GROUP BY job.manifest;

-- name: manifests  every manifest that owns a job, by a seek for each
WITH RECURSIVE owner (manifest) AS (
    SELECT MIN(manifest) FROM job
    UNION ALL
    SELECT (SELECT MIN(job.manifest) FROM job WHERE job.manifest > owner.manifest)
    FROM owner WHERE owner.manifest IS NOT NULL)
SELECT manifest FROM owner WHERE manifest IS NOT NULL;

-- name: register_jobs  what the manifest asks for now
INSERT INTO job (id, manifest, run, position, priority, fingerprint, declared)
SELECT value ->> 'id', :manifest, :run, value ->> 'position', value ->> 'priority',
       value ->> 'fingerprint', value ->> 'declared'
FROM json_each(:rows) WHERE true
ON CONFLICT (id) DO UPDATE SET
    manifest = excluded.manifest, run = excluded.run, position = excluded.position,
    priority = excluded.priority, fingerprint = excluded.fingerprint,
    declared = excluded.declared;

-- name: register_tickets  new (id, fingerprint) pairs; of old ones only the words are new
INSERT INTO ticket (id, fingerprint, spec, status, error_kind, error_message, changed_at,
                    changed_run)
SELECT value ->> 'id', value ->> 'fingerprint', value ->> 'spec', value ->> 'status',
       value ->> 'error_kind', value ->> 'error_message', :now, :run
FROM json_each(:rows) WHERE true
ON CONFLICT (id, fingerprint) DO UPDATE SET spec = excluded.spec
WHERE spec <> excluded.spec;

-- name: revalidate_invalid  an input turned invalid again, or in another way than before
UPDATE ticket
SET error_kind = row.value ->> 'error_kind', error_message = row.value ->> 'error_message',
    changed_at = :now, changed_run = :run
FROM json_each(:rows) AS row
WHERE ticket.id = row.value ->> 'id' AND ticket.fingerprint = row.value ->> 'fingerprint'
  AND +ticket.status = 'invalid' AND row.value ->> 'status' = 'invalid'
  AND (ticket.error_message IS NOT row.value ->> 'error_message'
       OR EXISTS (SELECT 1 FROM job
                  WHERE job.id = ticket.id AND job.fingerprint <> ticket.fingerprint));

-- name: known  what the ledger knows of a batch of "id fingerprint", for plans
SELECT job.fingerprint AS current, job.manifest AS manifest,
       ticket.status AS status, ticket.error_kind, ticket.error_message,
       ticket.status IS 'succeeded'
           OR EXISTS (SELECT 1 FROM ticket AS older
                      WHERE older.id = asked.id AND older.status IN ('succeeded', 'received'))
           AS bought_before,
       CASE WHEN ticket.status IS NOT 'succeeded' THEN
           (SELECT id FROM ticket AS other
            WHERE other.fingerprint = asked.fingerprint
              AND other.id <> asked.id AND other.twin_of IS NULL
              AND (other.status IN ('sent', 'accepted', 'received', 'succeeded', 'unknown')
                   OR (other.status = 'failed' AND other.attempt IS NOT NULL)) LIMIT 1)
       END AS bought_by
FROM (SELECT key, substr(value, 1, instr(value, ' ') - 1) AS id,
             substr(value, instr(value, ' ') + 1) AS fingerprint
      FROM json_each(:pairs)) AS asked
LEFT JOIN job ON job.id = asked.id
LEFT JOIN ticket ON ticket.id = asked.id AND ticket.fingerprint = asked.fingerprint
ORDER BY asked.key;

-- name: changes  this run's jobs that were bought before, and those of them to be bought anew
SELECT COUNT(*) AS bought,
       COALESCE(SUM(CASE WHEN ticket.status = 'pending' AND NOT ticket.accepted
                              AND job.fingerprint = job.declared
                         THEN NOT EXISTS (SELECT 1 FROM ticket AS twin
                                          WHERE twin.fingerprint = ticket.fingerprint
                                            AND +twin.status = 'succeeded') END), 0) AS changed
FROM job JOIN ticket USING (id, fingerprint)
WHERE job.manifest = :manifest AND job.run = :run
  AND CASE WHEN ticket.status IN ('succeeded', 'received') THEN 1
           ELSE EXISTS (SELECT 1 FROM ticket AS older
                        WHERE older.id = job.id AND older.status IN ('succeeded', 'received'))
      END;

-- name: accept_changes  all changed jobs of this run are meant
UPDATE ticket SET accepted = 1
WHERE status = 'pending' AND NOT accepted AND EXISTS (
    SELECT 1 FROM job
    WHERE job.id = ticket.id AND job.fingerprint = ticket.fingerprint
      AND job.manifest = :manifest AND job.run = :run);

-- name: rescues  tickets that money stands behind already, in order of age
SELECT ticket.*
FROM ticket JOIN job USING (id)
WHERE job.manifest = :manifest
  AND (ticket.status IN ('accepted', 'received')
         AND (ticket.attempt IS NOT NULL OR ticket.twin_of IS NOT NULL)
       OR ticket.status = 'unknown' AND (ticket.twin_of IS NOT NULL OR EXISTS (
            SELECT 1 FROM attempt WHERE attempt.number = ticket.attempt
              AND attempt.protocol = 'v2' AND attempt.request_id IS NOT NULL)))
ORDER BY ticket.twin_of IS NOT NULL, ticket.attempt;

-- name: waiting  the next pending jobs of a manifest, by priority, after a place in that order
SELECT ticket.*, job.position,
       NOT EXISTS (
        SELECT 1 FROM ticket AS other
        WHERE other.fingerprint = ticket.fingerprint AND other.id <> ticket.id)
       AND NOT EXISTS (
        SELECT 1 FROM ticket AS other
        WHERE other.id = ticket.id AND other.fingerprint <> ticket.fingerprint) AS is_alone
FROM job JOIN ticket ON ticket.id = job.id AND ticket.fingerprint = job.fingerprint
WHERE job.manifest = :manifest AND job.run = :run
  AND (job.rank, job.position) > (-:priority, :position)
  AND ticket.status = 'pending'
ORDER BY job.rank, job.position
LIMIT :limit;

-- name: finished  the files of finished jobs of a manifest, by priority, after a place; a row a file
SELECT page.id, page.fingerprint, page.priority, page.position, file.path, file.bytes
FROM (SELECT ticket.id, ticket.fingerprint, job.priority, job.rank, job.position
      FROM job JOIN ticket ON ticket.id = job.id AND ticket.fingerprint = job.fingerprint
      WHERE job.manifest = :manifest AND job.run = :run
        AND (job.rank, job.position) > (-:priority, :position)
        AND ticket.status = 'succeeded'
      ORDER BY job.rank, job.position
      LIMIT :limit) AS page
LEFT JOIN file ON file.id = page.id AND file.fingerprint = page.fingerprint
ORDER BY page.rank, page.position;

-- name: tickets  the tickets of a batch of jobs as they are now
SELECT ticket.* FROM json_each(:ids) AS wanted
JOIN job ON job.id = wanted.value
JOIN ticket ON ticket.id = job.id AND ticket.fingerprint = job.fingerprint
ORDER BY wanted.key;

-- name: is_clear  whether a ticket is pending, and nothing stands in its way; else `standing` says
SELECT ticket.status = 'pending'
   AND NOT EXISTS (
        SELECT 1 FROM ticket AS other
        WHERE other.fingerprint = ticket.fingerprint AND other.id <> ticket.id
          AND other.twin_of IS NULL
          AND (other.status IN ('sent', 'accepted', 'received', 'succeeded', 'unknown')
               OR (other.status = 'failed' AND other.attempt IS NOT NULL)))
   AND NOT EXISTS (
        SELECT 1 FROM ticket AS older
        WHERE older.id = ticket.id AND older.fingerprint <> ticket.fingerprint
          AND older.status IN ('sent', 'accepted', 'received', 'unknown')
          AND older.twin_of IS NULL) AS is_clear
FROM ticket WHERE id = :id AND fingerprint = :fingerprint;

-- name: standing  where a ticket stands; who bought, or is buying, the same; an older one in its way
SELECT ticket.status, buyer.id AS buyer, buyer.status AS buyer_status,
       buyer.error_kind, buyer.error_message,
       (SELECT older.status FROM ticket AS older
        WHERE older.id = ticket.id AND older.fingerprint <> ticket.fingerprint
          AND older.status IN ('sent', 'accepted', 'received', 'unknown')
          AND older.twin_of IS NULL LIMIT 1) AS older
FROM ticket LEFT JOIN ticket AS buyer
    ON buyer.fingerprint = ticket.fingerprint AND buyer.id = (
        SELECT other.id FROM ticket AS other
        WHERE other.fingerprint = ticket.fingerprint AND other.id <> ticket.id
          AND other.twin_of IS NULL
          AND (other.status IN ('sent', 'accepted', 'received', 'succeeded', 'unknown')
               OR (other.status = 'failed' AND other.attempt IS NOT NULL))
        ORDER BY CASE other.status WHEN 'succeeded' THEN 0 WHEN 'failed' THEN 2 ELSE 1 END
        LIMIT 1)
WHERE ticket.id = :id AND ticket.fingerprint = :fingerprint;

-- name: twins  jobs that wait for the outcome of another one
SELECT ticket.*
FROM ticket JOIN job ON job.id = ticket.id AND job.fingerprint = ticket.fingerprint
WHERE ticket.fingerprint = :fingerprint AND ticket.id <> :id AND job.manifest = :manifest
  AND (ticket.status = 'pending'
       OR (ticket.status IN ('unknown', 'received') AND ticket.twin_of IS NOT NULL));

-- name: move  one legal step of a ticket, by compare-and-swap
UPDATE ticket
SET status = :status, attempts = attempts + :tries, error_kind = :error_kind,
    error_message = :error_message, changed_at = :now, changed_run = :run
WHERE id = :id AND fingerprint = :fingerprint AND status = :previous;

-- name: move_sent  the step that puts an attempt into a ticket's hands
UPDATE ticket
SET status = :status, attempt = :attempt, twin_of = NULL, error_kind = :error_kind,
    error_message = :error_message, changed_at = :now, changed_run = :run
WHERE id = :id AND fingerprint = :fingerprint AND status = :previous;

-- name: move_twin  a step, and who bought for this one; it has no purchase of its own in hand then
UPDATE ticket
SET status = :status, twin_of = :twin_of, attempt = CASE WHEN :twin_of IS NULL THEN attempt END,
    error_kind = :error_kind, error_message = :error_message, changed_at = :now, changed_run = :run
WHERE id = :id AND fingerprint = :fingerprint AND status = :previous;

-- name: ticket_status  where a ticket stands
SELECT status FROM ticket WHERE id = :id AND fingerprint = :fingerprint;

-- name: attempt_sent  the intent to send, before the bytes leave
INSERT INTO attempt (id, fingerprint, run, protocol, body_sha256, reserved, state, sent_at,
                     parameters, image_sha256, mask_sha256, scaled)
VALUES (:id, :fingerprint, :run, :protocol, :body_sha256, :reserved, 'sent', :now,
        :parameters, :image_sha256, :mask_sha256, :scaled);

-- name: attempt_accepted  the provider's name for the request, before the first poll
UPDATE attempt SET state = 'accepted', request_id = :request_id
WHERE number = :number AND state IN ('sent', 'unknown')
RETURNING *;

-- name: attempt_billed  what the answer said it cost; the price held, where it did not say
UPDATE attempt
SET state = 'billed', settled_at = :now, request_id = COALESCE(:request_id, request_id),
    credits = COALESCE(:credits, reserved), credits_known = :credits IS NOT NULL,
    remaining = :remaining, seed = :seed, metrics = :metrics, links = :links
WHERE number = :number AND state IN ('sent', 'accepted', 'unknown')
RETURNING *;

-- name: attempt_found  what the body of a billed answer said beside its headers
UPDATE attempt
SET request_id = COALESCE(request_id, :request_id),
    credits = CASE WHEN credits_known THEN credits ELSE COALESCE(:credits, credits) END,
    credits_known = credits_known OR :credits IS NOT NULL,
    remaining = COALESCE(remaining, :remaining), seed = COALESCE(seed, :seed),
    metrics = CASE metrics WHEN '{}' THEN :metrics ELSE metrics END, links = :links
WHERE number = :number AND state = 'billed';

-- name: attempt_closed  an attempt that brought nothing: unbilled, or nobody knows
UPDATE attempt
SET state = :state, settled_at = CASE :state WHEN 'unbilled' THEN :now END,
    http_status = :http_status, remaining = COALESCE(:remaining, remaining),
    request_id = COALESCE(request_id, :request_id),
    error_kind = :error_kind, error_message = :error_message
WHERE number = :number AND state IN ('sent', 'accepted', 'unknown')
RETURNING *;

-- name: unknown_attempts  attempts of which nobody knows the bill, and the tickets they were for
SELECT attempt.*, ticket.spec, ticket.status, ticket.attempts, ticket.twin_of,
       ticket.attempt IS attempt.number AS in_hand, ticket.attempt IS NULL AS is_free,
       EXISTS (SELECT 1 FROM job WHERE job.id = attempt.id AND job.manifest = :manifest) AS mine
FROM attempt JOIN ticket USING (id, fingerprint)
WHERE attempt.state = 'unknown'
ORDER BY attempt.number;

-- name: settled_alike  attempts, of some parameters, that a row of the history may be of too
SELECT * FROM attempt
WHERE state IN ('billed', 'unbilled') AND error_kind IS NOT 'no_connection'
  AND (parameters IS NULL OR parameters IN (SELECT value FROM json_each(:parameters)));

-- name: reclaim  a resent job, not sent yet, waits for its first attempt again
UPDATE ticket
SET status = 'unknown', attempt = :attempt, changed_at = :now, changed_run = :run
WHERE id = :id AND fingerprint = :fingerprint AND status = 'pending' AND attempt IS NULL;

-- name: owners_of_requests  the attempts that own requests of the history
SELECT attempt.* FROM json_each(:requests) AS row JOIN attempt ON attempt.request_id = row.value;

-- name: resend  put an unknown job back, its twins with it; its attempt stays, and its bill open
UPDATE ticket
SET status = 'pending', attempts = 0, attempt = NULL, twin_of = NULL, error_kind = NULL,
    error_message = NULL, changed_at = :now
WHERE +status = 'unknown' AND fingerprint = :fingerprint;

-- name: write_off  give an unknown job up, its twins with it
UPDATE ticket
SET status = 'failed', error_kind = :error_kind, error_message = :error_message,
    changed_at = :now, changed_run = :run
WHERE +status = 'unknown' AND fingerprint = :fingerprint;

-- name: failed_with  the failed jobs that one purchase was for
SELECT id FROM ticket
WHERE fingerprint = :fingerprint AND (id = :id OR twin_of = :id) AND status = 'failed';

-- name: give_back  a try that only revealed an outage; a job that failed by it is pending again
UPDATE ticket
SET attempts = MAX(0, attempts - 1), twin_of = NULL,
    status = CASE status WHEN 'failed' THEN 'pending' ELSE status END,
    changed_at = :now, changed_run = :run
WHERE fingerprint = :fingerprint
  AND (id = :id AND twin_of IS NULL AND status IN ('pending', 'sent', 'unknown')
       OR (id = :id OR twin_of = :id) AND status = 'failed'
          AND EXISTS (SELECT 1 FROM ticket AS buyer
                      JOIN attempt ON attempt.number = buyer.attempt
                      WHERE buyer.id = :id AND buyer.fingerprint = :fingerprint
                        AND buyer.status IN ('failed', 'pending')
                        AND attempt.state = 'unbilled'
                        AND attempt.error_kind IN ('server_error', 'no_connection')));

-- name: tries  how many tries a ticket has used
SELECT attempts FROM ticket WHERE id = :id AND fingerprint = :fingerprint;

-- name: purchase  the attempt in a ticket's hands
SELECT attempt.* FROM ticket JOIN attempt ON attempt.number = ticket.attempt
WHERE ticket.id = :id AND ticket.fingerprint = :fingerprint;

-- name: file_put  a file's hash, before its rename; never another job's
INSERT INTO file (path, id, fingerprint, role, temporary, placed, sha256, bytes)
VALUES (:path, :id, :fingerprint, :role, :temporary, :placed, :sha256, :bytes)
ON CONFLICT (path) DO UPDATE SET
    id = excluded.id, fingerprint = excluded.fingerprint, role = excluded.role,
    temporary = excluded.temporary, placed = excluded.placed,
    sha256 = excluded.sha256, bytes = excluded.bytes
WHERE file.id = excluded.id;

-- name: files_placed  a ticket's files stand under their names
UPDATE file SET temporary = NULL, placed = 1 WHERE id = :id AND fingerprint = :fingerprint;

-- name: files_clear  forget what a ticket's files were
DELETE FROM file WHERE id = :id AND fingerprint = :fingerprint;

-- name: files_of  what a ticket owns on disk
SELECT * FROM file WHERE id = :id AND fingerprint = :fingerprint ORDER BY role <> 'result', path;

-- name: file_at  whose a path is
SELECT * FROM file WHERE path = :path;

-- name: file_rename  a superseded file goes by another name
UPDATE file SET path = :new WHERE path = :old;

-- name: failed  the failed jobs of a manifest, twins of those asked for with them
SELECT ticket.id, job.declared,
       EXISTS (SELECT 1 FROM ticket AS same JOIN attempt USING (id, fingerprint)
               WHERE same.fingerprint = ticket.fingerprint AND attempt.state = 'billed') AS billed
FROM ticket JOIN job USING (id, fingerprint)
WHERE ticket.status = 'failed' AND job.manifest = :manifest
  AND (:only IS NULL OR ticket.fingerprint IN (
        SELECT job.fingerprint FROM json_each(:only) AS wanted JOIN job ON job.id = wanted.value))
ORDER BY job.rank, job.position;

-- name: retry  put a failed job back, with all its tries
UPDATE ticket
SET status = 'pending', attempts = 0, error_kind = NULL, error_message = NULL, twin_of = NULL,
    changed_at = :now
WHERE +status = 'failed' AND fingerprint = (SELECT fingerprint FROM job WHERE job.id = :id);

-- name: retry_otherwise  let a failed job stand for another seed; the old purchase stays as it ended
UPDATE job SET fingerprint = declared || ' seed ' || :seed
WHERE id = :id
  AND EXISTS (SELECT 1 FROM ticket
              WHERE ticket.id = job.id AND ticket.fingerprint = job.fingerprint
                AND ticket.status = 'failed' AND ticket.spec ->> 'seed' <> :seed);

-- name: override_put  another seed for a job, as long as what is declared stays the same
INSERT INTO override (id, declared, seed) VALUES (:id, :declared, :seed)
ON CONFLICT (id) DO UPDATE SET declared = excluded.declared, seed = excluded.seed;

-- name: overrides  the seeds that retry chose for a batch of ids
SELECT override.* FROM json_each(:ids) AS wanted JOIN override ON override.id = wanted.value;

-- name: money  the ledger's credits: what was paid, and what may have been
SELECT COALESCE(SUM(credits), 0) AS spent,
       COALESCE(SUM(CASE WHEN state IN ('sent', 'accepted', 'unknown') THEN reserved END), 0)
           AS unsettled
FROM attempt;

-- name: unsettled  attempts whose bill is open, and what each holds
SELECT number, reserved FROM attempt WHERE state IN ('sent', 'accepted', 'unknown');

-- name: balance  the account's balance: what the last run ended with, or its answers' lowest
SELECT COALESCE(
    (SELECT value ->> 'remaining' FROM meta
     WHERE key = 'balance' AND value ->> 'run' >= (SELECT COALESCE(MAX(run), 0) FROM attempt
                                                   WHERE remaining IS NOT NULL)),
    (SELECT MIN(remaining) FROM attempt
     WHERE run = (SELECT MAX(run) FROM attempt WHERE remaining IS NOT NULL))) AS remaining;

-- name: note_balance  what the account held when the run ended
INSERT INTO meta (key, value) VALUES ('balance', json_object('run', :run, 'remaining', :remaining))
ON CONFLICT (key) DO UPDATE SET value = excluded.value;

-- name: tally  this run's jobs by state
SELECT ticket.status AS status, COUNT(*) AS jobs
FROM job JOIN ticket USING (id, fingerprint)
WHERE job.manifest = :manifest AND job.run = :run
GROUP BY ticket.status;

-- name: worsened  this run's jobs that failed or turned invalid in it
SELECT COUNT(*) FROM job JOIN ticket USING (id, fingerprint)
WHERE job.manifest = :manifest AND job.run = :run AND ticket.changed_run = :run
  AND ticket.status IN ('failed', 'invalid');

-- name: run_money  what this run bought
SELECT COUNT(*) AS bought, COALESCE(SUM(credits), 0) AS spent
FROM attempt WHERE run = :run AND state = 'billed';

-- name: bills_of  which of these attempts are billed by now, and what they cost
SELECT COUNT(*) AS bought, COALESCE(SUM(credits), 0) AS spent
FROM json_each(:numbers) AS each JOIN attempt ON attempt.number = each.value
WHERE attempt.state = 'billed';

-- name: tally_of  a batch of a manifest's ids by state
SELECT ticket.status AS status, COUNT(*) AS jobs
FROM json_each(:ids) AS wanted
JOIN job ON job.id = wanted.value
        AND job.manifest IN (SELECT value FROM json_each(:manifests))
JOIN ticket ON ticket.id = job.id AND ticket.fingerprint = job.fingerprint
GROUP BY ticket.status;

-- name: left_open  whether anything of this manifest, whatever its fingerprint, is in between
SELECT COUNT(*) FROM ticket JOIN job USING (id)
WHERE job.manifest = :manifest AND job.run = :run AND job.fingerprint <> ticket.fingerprint
  AND ticket.status IN ('sent', 'accepted', 'received', 'unknown');

-- name: rows  what is known of a batch of ids; one that waits for its next reading is pending
SELECT job.id, COALESCE(ticket.status, 'pending') AS status,
       COALESCE(ticket.attempts, 0) AS attempts, ticket.error_kind, ticket.error_message,
       (SELECT COALESCE(SUM(credits), 0) FROM attempt WHERE attempt.id = job.id) AS credits,
       (SELECT request_id FROM attempt WHERE attempt.number = ticket.attempt) AS request_id,
       (SELECT json_group_array(json_object('role', role, 'path', path, 'sha256', sha256,
                                            'bytes', bytes))
        FROM (SELECT * FROM file
              WHERE file.id = ticket.id AND file.fingerprint = ticket.fingerprint AND placed
              ORDER BY role <> 'result', path)) AS files
FROM json_each(:ids) AS wanted
JOIN job ON job.id = wanted.value
LEFT JOIN ticket ON ticket.id = job.id AND ticket.fingerprint = job.fingerprint
WHERE job.manifest IN (SELECT value FROM json_each(:manifests));
