/** The tables of a store's file. Everything that is kept is in here; docs/store.md explains them to those who look in. */

/** SQLite's `application_id`: tells our files from others. "Saol". */
export const applicationId = 0x53616f6c
/** SQLite's `user_version`: counts the changes of these tables. */
export const schemaVersion = 1

/**
 * `keys` has one row a key; the elements of its collection are the rows of its `id` in another table. So a key of a million
 * elements is deleted by one row: what had its id goes to `garbage`, and is cleared away in slices.
 *
 * Without rowids a row is found in one search: the value lies beside its name.
 *
 * `task_jobs` are background tasks; states are numbers (commands/tasks/job-row.ts). Each index has only the rows that its question
 * is about: what is ready in a queue, what is due, what a worker has. `task_counts` says how many there are, so that nobody counts
 * a million rows.
 */
export const schema = `
CREATE TABLE IF NOT EXISTS keys (
  name BLOB NOT NULL PRIMARY KEY,
  type INTEGER NOT NULL,
  id INTEGER NOT NULL,
  expires INTEGER,
  size INTEGER NOT NULL,
  value BLOB
) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS keys_id ON keys (id) WHERE type <> 1;
CREATE INDEX IF NOT EXISTS keys_expiry ON keys (expires) WHERE expires IS NOT NULL;

CREATE TABLE IF NOT EXISTS fields (
  id INTEGER NOT NULL,
  field BLOB NOT NULL,
  value BLOB NOT NULL,
  expires INTEGER,
  PRIMARY KEY (id, field)
) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS fields_expiry ON fields (expires, id) WHERE expires IS NOT NULL;

CREATE TABLE IF NOT EXISTS items (
  id INTEGER NOT NULL,
  position INTEGER NOT NULL,
  value BLOB NOT NULL,
  PRIMARY KEY (id, position)
) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS items_uneven ON items (id) WHERE (position & 1023) <> 0;
CREATE TABLE IF NOT EXISTS taken (
  request BLOB NOT NULL PRIMARY KEY,
  reply BLOB,
  seen INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS taken_seen ON taken (seen);

CREATE TABLE IF NOT EXISTS members (
  id INTEGER NOT NULL,
  member BLOB NOT NULL,
  score REAL NOT NULL,
  PRIMARY KEY (id, member)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX IF NOT EXISTS members_order ON members (id, score, member);
CREATE TABLE IF NOT EXISTS blocks (
  id INTEGER NOT NULL,
  score REAL NOT NULL,
  member BLOB NOT NULL,
  size INTEGER NOT NULL,
  PRIMARY KEY (id, score, member)
) STRICT, WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS uses (
  id INTEGER NOT NULL,
  field BLOB NOT NULL,
  used INTEGER NOT NULL,
  bytes INTEGER NOT NULL,
  PRIMARY KEY (id, field)
) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS uses_order ON uses (id, used);
CREATE TABLE IF NOT EXISTS cache_sizes (
  id INTEGER NOT NULL PRIMARY KEY,
  entries INTEGER NOT NULL,
  bytes INTEGER NOT NULL
) STRICT;
CREATE TRIGGER IF NOT EXISTS uses_insert AFTER INSERT ON uses BEGIN
  INSERT INTO cache_sizes VALUES (new.id, 1, new.bytes)
    ON CONFLICT (id) DO UPDATE SET entries = entries + 1, bytes = bytes + new.bytes;
END;
CREATE TRIGGER IF NOT EXISTS uses_update AFTER UPDATE OF bytes ON uses BEGIN
  UPDATE cache_sizes SET bytes = bytes + new.bytes - old.bytes WHERE id = new.id;
END;
CREATE TRIGGER IF NOT EXISTS uses_delete AFTER DELETE ON uses BEGIN
  UPDATE cache_sizes SET entries = entries - 1, bytes = bytes - old.bytes WHERE id = old.id;
END;

CREATE TABLE IF NOT EXISTS garbage (id INTEGER NOT NULL PRIMARY KEY, type INTEGER NOT NULL) STRICT;

CREATE TABLE IF NOT EXISTS sessions (
  session BLOB NOT NULL PRIMARY KEY,
  sequence INTEGER NOT NULL,
  replies BLOB NOT NULL,
  seen INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS task_jobs (
  seq INTEGER NOT NULL PRIMARY KEY,
  id TEXT NOT NULL UNIQUE,
  task TEXT NOT NULL,
  queue TEXT NOT NULL,
  state INTEGER NOT NULL,
  priority INTEGER NOT NULL,
  position INTEGER NOT NULL,
  due INTEGER,
  expires INTEGER,
  attempt INTEGER NOT NULL,
  attempts INTEGER NOT NULL,
  interruptions INTEGER NOT NULL,
  interruptions_max INTEGER NOT NULL,
  created INTEGER NOT NULL,
  started INTEGER,
  finished INTEGER,
  worker TEXT,
  token INTEGER,
  request TEXT,
  cancelling INTEGER NOT NULL,
  version INTEGER NOT NULL,
  soft_ms INTEGER NOT NULL,
  hard_ms INTEGER NOT NULL,
  result_ms INTEGER NOT NULL,
  failure_ms INTEGER NOT NULL,
  unique_key TEXT,
  limit_key TEXT,
  limit_max INTEGER,
  rate TEXT,
  rated INTEGER NOT NULL,
  parent TEXT,
  parent_index INTEGER,
  context TEXT,
  error TEXT,
  progress TEXT,
  payload TEXT NOT NULL,
  result TEXT
) STRICT;
CREATE INDEX IF NOT EXISTS task_ready ON task_jobs (queue, priority, position) WHERE state = 1;
CREATE INDEX IF NOT EXISTS task_due ON task_jobs (due) WHERE state = 0;
CREATE INDEX IF NOT EXISTS task_kept ON task_jobs (due) WHERE state >= 5;
CREATE INDEX IF NOT EXISTS task_expiring ON task_jobs (expires) WHERE expires IS NOT NULL;
CREATE INDEX IF NOT EXISTS task_active ON task_jobs (worker) WHERE state = 4;
CREATE INDEX IF NOT EXISTS task_risky ON task_jobs (worker) WHERE state = 4 AND interruptions > 0;
CREATE INDEX IF NOT EXISTS task_limited ON task_jobs (limit_key, state, priority, position)
  WHERE limit_key IS NOT NULL AND state IN (1, 2, 4);
CREATE INDEX IF NOT EXISTS task_held ON task_jobs (state, seq) WHERE state IN (0, 2, 3, 6, 7);
CREATE TABLE IF NOT EXISTS task_counts (
  queue TEXT NOT NULL,
  state INTEGER NOT NULL,
  jobs INTEGER NOT NULL,
  PRIMARY KEY (queue, state)
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS task_queues (name TEXT NOT NULL PRIMARY KEY) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS task_uniques (
  key TEXT NOT NULL PRIMARY KEY,
  job TEXT NOT NULL,
  ends INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS task_uniques_ends ON task_uniques (ends) WHERE ends IS NOT NULL;
CREATE TABLE IF NOT EXISTS task_rates (
  key TEXT NOT NULL PRIMARY KEY,
  units INTEGER NOT NULL,
  at_us INTEGER NOT NULL,
  reserved INTEGER NOT NULL,
  shift INTEGER NOT NULL,
  begun INTEGER NOT NULL,
  ends INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS task_rates_ends ON task_rates (ends);
CREATE TABLE IF NOT EXISTS task_gathers (
  parent TEXT NOT NULL PRIMARY KEY,
  mode TEXT NOT NULL,
  children INTEGER NOT NULL,
  missing INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS task_results (
  parent TEXT NOT NULL,
  child INTEGER NOT NULL,
  result TEXT,
  PRIMARY KEY (parent, child)
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS task_schedules (
  name TEXT NOT NULL PRIMARY KEY,
  spec TEXT NOT NULL,
  job TEXT NOT NULL,
  next INTEGER NOT NULL,
  last INTEGER,
  last_job TEXT
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS task_workers (
  name TEXT NOT NULL PRIMARY KEY,
  slot TEXT NOT NULL,
  info TEXT NOT NULL,
  lease_ms INTEGER NOT NULL,
  lease_until INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS meta (name TEXT NOT NULL PRIMARY KEY, value) WITHOUT ROWID;
`
