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

CREATE TABLE IF NOT EXISTS meta (name TEXT NOT NULL PRIMARY KEY, value) WITHOUT ROWID;
`
