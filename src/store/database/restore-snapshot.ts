import assert from 'node:assert/strict'
import type { DatabaseSync } from 'node:sqlite'
import { describeFailure } from '../owner/failure.ts'
import { StoreError, type StoreErrorCode, storeErrorCodes } from '../store-error.ts'
import { everyKey, type Keyspace } from './keyspace.ts'
import { columnsOf, pragma, tablesOf } from './tables.ts'
import { readOnlyAddress, type SnapshotInfo, verifySnapshot } from './verify-snapshot.ts'

/** Notes of a snapshot about itself, in the table `meta`: they say nothing about the store that it was restored to. */
export const forgetNotes = "DELETE FROM main.meta WHERE name GLOB 'snapshot.*'"
// A token of a lock or a task must be larger than all before it, those that the snapshot does not know included.
const keepTokenGrowing = `
  INSERT INTO main.meta (name, value) VALUES (?, ?)
  ON CONFLICT (name) DO UPDATE SET value = max(value, excluded.value)`
const tokens = "SELECT name, value FROM main.meta WHERE name IN ('lock-token', 'task-number')"
// What was active then is so no more: it is ready, and whoever ran it has lost it.
const returnTasks = `
  UPDATE main.task_jobs SET state = 1, attempt = attempt - 1, worker = NULL, token = NULL, request = NULL, started = NULL,
    version = version + 1 WHERE state = 4;
  DELETE FROM main.task_counts;
  INSERT INTO main.task_counts SELECT queue, state, count(*) FROM main.task_jobs GROUP BY queue, state`

// Who held them when it was taken has given them back since, or has died: `lock:…`, a hash of a holder and a token.
const isLock = `name >= x'6c6f636b3a' AND name < x'6c6f636b3b' AND type = 2 AND size = 2 AND expires IS NOT NULL`
const hasField = (field: string) =>
  `EXISTS (SELECT 1 FROM main.fields WHERE id = keys.id AND field = CAST('${field}' AS BLOB))`
const forgetLocks = `
  DELETE FROM main.fields WHERE id IN (
    SELECT id FROM main.keys WHERE ${isLock} AND ${hasField('holder')} AND ${hasField('token')});
  DELETE FROM main.keys WHERE ${isLock} AND NOT EXISTS (SELECT 1 FROM main.fields WHERE id = keys.id)`

/**
 * Puts the content of a snapshot, without its locks, in the place of all that is in the store, in one transaction: every process sees it at once,
 * and none sees a part of it. To be called in the owner, between its turns; it waits until this is done, which takes
 * seconds for each gigabyte.
 *
 * @throws {StoreError} STORE_SNAPSHOT_INVALID; STORE_FULL, STORE_DISK_FULL. The store is as it was then.
 */
export function restoreSnapshot(database: DatabaseSync, keyspace: Keyspace, file: string): SnapshotInfo {
  assert(!database.isTransaction, 'a snapshot is restored between turns')
  const info = verifySnapshot(file)
  checkSize(database, info)
  try {
    database.prepare('ATTACH ? AS snapshot').run(readOnlyAddress(file))
    database.exec('BEGIN IMMEDIATE')
    replaceAll(database)
    database.exec('COMMIT')
  } catch (error) {
    if (database.isTransaction) database.exec('ROLLBACK')
    throw explain(error, database)
  } finally {
    detach(database)
    keyspace.forget()
  }
  keyspace.touch(everyKey)
  return info
}

function checkSize(database: DatabaseSync, { file, sizeBytes }: SnapshotInfo): void {
  const bytesMax = pragma(database, 'max_page_count') * pragma(database, 'page_size')
  if (sizeBytes <= bytesMax) return
  const message = `The snapshot ${file} has ${sizeBytes} bytes, above ${bytesMax} (store.maxSize). Nothing was restored.`
  throw new StoreError('STORE_FULL', message)
}

function replaceAll(database: DatabaseSync): void {
  const growing = database.prepare(tokens).all() as { name: string; value: number }[]
  // They would count what is counted already, and make each row slow.
  const triggers = database.prepare("SELECT name, sql FROM main.sqlite_schema WHERE type = 'trigger'").all() as {
    name: string
    sql: string
  }[]
  for (const { name } of triggers) database.exec(`DROP TRIGGER main.${name}`)
  const given = tablesOf(database, 'snapshot')
  for (const table of tablesOf(database)) {
    database.exec(`DELETE FROM main.${table}`)
    if (given.includes(table)) database.exec(copyTable(database, table))
  }
  for (const { sql } of triggers) database.exec(sql)
  database.exec(forgetLocks)
  database.exec(forgetNotes)
  database.exec(returnTasks)
  for (const { name, value } of growing) database.prepare(keepTokenGrowing).run(name, value)
}

/** Without a list of columns SQLite copies whole rows as they are. */
function copyTable(database: DatabaseSync, table: string): string {
  const own = columnsOf(database, table)
  const given = columnsOf(database, table, 'snapshot')
  const columns = own.filter(column => given.includes(column))
  return own.join() === given.join()
    ? `INSERT INTO main.${table} SELECT * FROM snapshot.${table}`
    : `INSERT INTO main.${table} (${columns}) SELECT ${columns} FROM snapshot.${table}`
}

function detach(database: DatabaseSync): void {
  const isAttached = database.prepare("SELECT 1 FROM pragma_database_list WHERE name = 'snapshot'").get()
  if (isAttached) database.exec('DETACH snapshot')
}

function explain(error: unknown, database: DatabaseSync): StoreError {
  const { code, message } = describeFailure(error, database).error
  const known = code in storeErrorCodes ? (code as StoreErrorCode) : 'STORE_COMMAND'
  return new StoreError(known, `Nothing was restored: ${message}.`, { cause: error })
}
