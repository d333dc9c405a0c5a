/** What is in a store's file, as far as snapshots must know: its tables, and which of them are not part of the data. */
import { DatabaseSync } from 'node:sqlite'
import { applicationId, schema, schemaVersion } from './schema.ts'

/** They belong to processes that run now: a snapshot does not hold them, and leaves them alone when it is restored. */
export const tablesLeftOut: readonly string[] = ['sessions', 'taken', 'task_workers']

/** Of a file that has no limit of size: SQLite's largest, 16 TB of pages. */
export const pagesMax = 4_294_967_294

/** Rows of each table. */
export type RowCounts = Readonly<Record<string, number>>

type SchemaRow = { type: string; name: string; sql: string | null }

/** Names of the tables of data; those of an attached database when it is named. */
export function tablesOf(database: DatabaseSync, schemaName = 'main'): string[] {
  const rows = database
    .prepare(
      `SELECT name FROM ${schemaName}.sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'`,
    )
    .all() as { name: string }[]
  return rows.map(({ name }) => name).filter(name => !tablesLeftOut.includes(name))
}

export function columnsOf(database: DatabaseSync, table: string, schemaName = 'main'): string[] {
  const rows = database.prepare(`PRAGMA ${schemaName}.table_info(${table})`).all() as { name: string }[]
  return rows.map(({ name }) => name)
}

/** Counts all but `meta`, where the counts are noted. */
export function countRows(database: DatabaseSync): RowCounts {
  const counts: Record<string, number> = {}
  for (const table of tablesOf(database).filter(name => name !== 'meta')) {
    counts[table] = (database.prepare(`SELECT count(*) AS rows FROM ${table}`).get() as { rows: number }).rows
  }
  return counts
}

/** Whose file this is. `new` has nothing in it; `newer` was written by a later Saola. */
export function identify(database: DatabaseSync): 'ours' | 'new' | 'newer' | 'foreign' {
  const id = pragma(database, 'application_id')
  if (id === applicationId) return pragma(database, 'user_version') > schemaVersion ? 'newer' : 'ours'
  const isEmpty =
    (database.prepare('SELECT count(*) AS count FROM sqlite_schema').get() as { count: number }).count === 0
  return id === 0 && isEmpty ? 'new' : 'foreign'
}

/**
 * What in a snapshot is not of a store, or undefined. It may come from anywhere, and a trigger in it would run here.
 */
export function findStranger(database: DatabaseSync): string | undefined {
  const own = new Map(readSchema(referenceSchema()).map(({ name, sql }) => [name, sql]))
  const known = (row: SchemaRow) => {
    if (row.sql === null) return true
    if (row.type === 'trigger' || row.type === 'view') return own.get(row.name) === row.sql
    return own.has(row.name) && !/^\s*create\s+virtual/i.test(row.sql)
  }
  return readSchema(database).find(row => !known(row))?.name
}

export function pragma(database: DatabaseSync, name: string): number {
  return Number(Object.values(database.prepare(`PRAGMA ${name}`).get() ?? {})[0])
}

function readSchema(database: DatabaseSync): SchemaRow[] {
  return database.prepare('SELECT type, name, sql FROM sqlite_schema').all() as unknown as SchemaRow[]
}

function referenceSchema(): DatabaseSync {
  const database = new DatabaseSync(':memory:')
  database.exec(schema)
  return database
}

/** How many rows this connection has changed since it was opened: the owner's knows of every change. */
export function changesOf(database: DatabaseSync): number {
  return (database.prepare('SELECT total_changes() AS changes').get() as { changes: number }).changes
}
