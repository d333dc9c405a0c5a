/** An owner with its file, its door and its lifetime: what the process of a store is. */
import { chmodSync, mkdirSync, rmSync } from 'node:fs'
import { dirname } from 'node:path'
import type { DatabaseSync } from 'node:sqlite'
import type { StoreFiles } from '../commands/command.ts'
import { databaseOf, sizeOf } from '../database/folder.ts'
import { giveBack } from '../database/give-back.ts'
import { openDatabase } from '../database/open-database.ts'
import { restoreSnapshot } from '../database/restore-snapshot.ts'
import { SnapshotSchedule } from '../database/snapshot-schedule.ts'
import { isDamage } from '../database/sqlite-failure.ts'
import { StoreSync } from '../database/sync.ts'
import { changesOf } from '../database/tables.ts'
import { serveResp } from '../resp/server.ts'
import { Owner } from './owner.ts'
import { type OwnerSpec, socketOf } from './owner-spec.ts'

export interface RunningOwner {
  /** Answers what has come, and closes the file. */
  close(): Promise<void>
}

export interface RunOptions {
  /** The file of the threads that wait for the disk: processes/store-sync.ts. */
  readonly threadFile: URL
  /** Called when nobody has been connected for a while. */
  readonly onIdle: () => void
  readonly log: (event: string, fields: Record<string, unknown>) => void
}

// A script that ends and the next one that begins should find the same owner.
const idleMs = 2_000
const outputBytesMax = 256 * 1024 ** 2
const clientsMax = 10_000
const giveBackEveryMs = 1_000

/**
 * Opens the folder's store and serves it.
 *
 * @throws {StoreError} STORE_UNAVAILABLE when another process owns it; STORE_DIRECTORY_UNUSABLE.
 */
export async function runOwner(spec: OwnerSpec, { onIdle, log, threadFile }: RunOptions): Promise<RunningOwner> {
  const { dir, durability, sizeMax, valueBytesMax } = spec
  const opened = await openDatabase({ dir, durability, maxBytes: sizeMax, log })
  const sync = new StoreSync({ dir, durability, threadFile, log })
  let isSound = true
  const owner: Owner = new Owner({
    database: opened.database,
    isSynced: durability === 'always',
    files: filesOf(spec, opened.database, sync, () => owner),
    limits: { valueBytesMax, keysMax: spec.keysMax || Number.POSITIVE_INFINITY },
    onProblem: error => {
      log('store.trouble', { error: error.message })
      // The next owner looks through it, and this one has lost its trust.
      if (isDamage(error)) isSound = false
    },
    freeRoom: () => opened.freeRoom(),
  })
  const path = socketOf(dir)
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
  // Whose it was is dead: this process has the lock of the folder.
  rmSync(path, { force: true })
  let idle: NodeJS.Timeout | undefined
  const waitForClients = () => {
    clearTimeout(idle)
    idle = setTimeout(() => (server.size === 0 ? onIdle() : undefined), idleMs)
  }
  const umask = process.umask(0o177)
  const server = await serveResp(
    owner,
    { path },
    {
      limits: { argumentBytesMax: valueBytesMax + 1024, outputBytesMax, clientsMax },
      onIdle: waitForClients,
    },
  )
  process.umask(umask)
  chmodSync(path, 0o600)
  waitForClients()
  const { everyMs, keep } = spec.snapshots
  const snapshots =
    everyMs > 0
      ? new SnapshotSchedule({
          dir,
          everyMs,
          keep,
          take: file => sync.snapshot(file),
          changes: () => changesOf(opened.database),
          log,
        })
      : undefined
  const giveBackTimer = setInterval(() => owner.whenIdle(() => giveBack(owner.keyspace)), giveBackEveryMs).unref()
  return {
    async close() {
      clearTimeout(idle)
      clearInterval(giveBackTimer)
      snapshots?.stop()
      owner.close({ isHandedOver: true })
      await server.close()
      rmSync(path, { force: true })
      await sync.stop()
      await opened.close({ isSound })
    },
  }
}

function filesOf(spec: OwnerSpec, database: DatabaseSync, sync: StoreSync, owner: () => Owner): StoreFiles {
  const { dir, durability } = spec
  return {
    dir,
    durability,
    size: () => (sizeOf(databaseOf(dir)) ?? 0) + (sizeOf(`${databaseOf(dir)}-wal`) ?? 0),
    async backup(file) {
      await sync.snapshot(file)
    },
    async restore(file) {
      owner().betweenTurns(keyspace => restoreSnapshot(database, keyspace, file))
    },
    async check() {
      const rows = database.prepare('PRAGMA quick_check(20)').all() as { quick_check: string }[]
      return rows.map(row => row.quick_check).filter(line => line !== 'ok')
    },
  }
}
