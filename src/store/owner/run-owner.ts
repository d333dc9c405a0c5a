/** An owner with its file, its door and its lifetime: what the process of a store is. */
import { chmodSync, mkdirSync, rmSync } from 'node:fs'
import { dirname } from 'node:path'
import type { Address } from '../../base/address.ts'
import type { StoreFiles } from '../commands/command.ts'
import { checkBackupFile, databaseOf, sizeOf } from '../database/folder.ts'
import { keepGivingBack } from '../database/give-back.ts'
import { type OpenedDatabase, openDatabase } from '../database/open-database.ts'
import type { OwnerLock } from '../database/owner-lock.ts'
import type { TreeIdentity } from '../database/owner-note.ts'
import { restoreSnapshot } from '../database/restore-snapshot.ts'
import { SnapshotSchedule } from '../database/snapshot-schedule.ts'
import { isBusy, isDamage } from '../database/sqlite-failure.ts'
import { StoreSync } from '../database/sync.ts'
import { changesOf } from '../database/tables.ts'
import { type Door, openDoor } from '../resp/door.ts'
import { serveResp } from '../resp/server.ts'
import { Owner } from './owner.ts'
import { type OwnerSpec, socketOf } from './owner-spec.ts'
import { Succession } from './succession.ts'
import { openForTree } from './take-over.ts'
import { tellOnce } from './trouble.ts'

export interface RunningOwner {
  /** Open connections. */
  readonly connections: number
  /** Requests that have come since the start. */
  readonly requests: number
  /** Where it listens for other machines, with the ports that the system chose. */
  readonly addresses: readonly Address[]
  /**
   * Answers what has come, and closes the file. The store of a tree keeps its note in the folder, so that nobody else starts an
   * owner before the next one of that tree; with `isForGood` there will be none.
   */
  close(options?: { readonly isForGood?: boolean }): Promise<void>
}

export interface RunOptions {
  /** The file of the threads that wait for the disk: processes/store-sync.ts. */
  readonly threadFile: URL
  /** That of the folder, where this process has it already; taken here by default. It is let go with the owner. */
  readonly lock?: OwnerLock
  /** The tree that it is a child of; undefined for one that a script has started. */
  readonly tree?: TreeIdentity | undefined
  /** Called when nobody has been connected for `idleMs`, and when a tree takes the folder over. */
  readonly onIdle: () => void
  /** 2,000 by default: a script that ends and the next one that begins should find the same owner. */
  readonly idleMs?: number
  /** Whether it keeps its folder from trees that want it; it does not by default. */
  readonly isKept?: () => boolean
  readonly log: (event: string, fields: Record<string, unknown>) => void
}

const outputBytesMax = 256 * 1024 ** 2
const pushBytesMax = 32 * 1024 ** 2
const clientsMax = 10_000
const restoreBusyMs = 5_000

/**
 * Opens the folder's store and serves it.
 *
 * @throws {StoreError} STORE_UNAVAILABLE when another process owns it, and does not hand it over; STORE_DIRECTORY_UNUSABLE.
 * @throws {ServerError} what openDoor throws.
 */
export async function runOwner(spec: OwnerSpec, options: RunOptions): Promise<RunningOwner> {
  const { dir, durability, sizeMax, valueBytesMax } = spec
  const { tree, onIdle, idleMs = 2_000, log, threadFile, lock } = options
  const open = () => openDatabase({ dir, durability, maxBytes: sizeMax, log, ...(lock ? { lock } : {}) })
  const opened = await (tree ? openForTree(dir, tree, open) : open())
  // It never waits for the file by standing still: see Owner.
  opened.database.exec('PRAGMA busy_timeout = 0')
  const succession = new Succession(dir, options)
  const sync = new StoreSync({ dir, durability, threadFile, log })
  const schedule = new SnapshotSchedule({
    dir,
    ...spec.snapshots,
    take: file => sync.snapshot(file),
    changes: () => changesOf(opened.database),
    log,
  })
  let isSound = true
  const tell = tellOnce(log)
  const owner: Owner = new Owner({
    database: opened.database,
    isSynced: durability === 'always',
    commitSync: opened.commitSync,
    files: { ...filesOf(spec, opened, sync, () => owner), ...savesOf(schedule), handOver: to => succession.begin(to) },
    limits: { valueBytesMax, keysMax: spec.keysMax || Number.POSITIVE_INFINITY },
    onProblem: error => {
      tell(error)
      // The next owner looks through it, and this one has lost its trust.
      if (isDamage(error)) isSound = false
    },
    room: opened.room,
  })
  const path = socketOf(dir)
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
  // Whose it was is dead: this process has the lock of the folder.
  rmSync(path, { force: true })
  let idle: NodeJS.Timeout | undefined
  let door: Door | undefined
  const waitForClients = () => {
    clearTimeout(idle)
    idle = setTimeout(() => (server.size + (door?.size ?? 0) === 0 ? onIdle() : undefined), idleMs)
  }
  const umask = process.umask(0o177)
  const server = await serveResp(
    owner,
    { path },
    {
      limits: { argumentBytesMax: valueBytesMax + 1024, outputBytesMax, pushBytesMax, clientsMax },
      onIdle: waitForClients,
    },
  )
  process.umask(umask)
  chmodSync(path, 0o600)
  waitForClients()
  const endGivingBack = keepGivingBack(owner.keyspace, error => {
    // It takes some room itself, which a full disk does not have; tried again when there may be some.
    if (!isBusy(error)) tell(error)
  })
  const running: RunningOwner = {
    get connections() {
      return server.size + (door?.size ?? 0)
    },
    get requests() {
      return server.requests + (door?.requests ?? 0)
    },
    get addresses() {
      return door?.addresses ?? []
    },
    async close({ isForGood = false } = {}) {
      clearTimeout(idle)
      endGivingBack()
      schedule.stop()
      owner.close({ isHandedOver: true })
      // Whoever waits for the disk is answered over a connection that is there still.
      await opened.commitSync.disk?.idle()
      await Promise.all([server.close(), door?.close()])
      rmSync(path, { force: true })
      await sync.stop()
      succession.end(isForGood)
      await opened.close({ isSound })
    },
  }
  try {
    if (spec.door) door = await openDoor(owner, spec.door, { valueBytesMax, log, onIdle: waitForClients })
  } catch (error) {
    await running.close()
    throw error
  }
  return running
}

type Saves = Pick<StoreFiles, 'snapshot' | 'snapshotAt' | 'isSnapshotUnderWay' | 'hasSnapshotFailed'>
type OwnFiles = Omit<StoreFiles, 'handOver' | keyof Saves>

function savesOf(schedule: SnapshotSchedule): Saves {
  let isUnderWay = false
  let hasFailed = false
  return {
    hasSnapshotFailed: () => hasFailed,
    isSnapshotUnderWay: () => isUnderWay,
    snapshotAt: () => schedule.newestAt(),
    async snapshot() {
      isUnderWay = true
      try {
        hasFailed = true
        await schedule.run({ isForced: true })
        hasFailed = false
      } finally {
        isUnderWay = false
      }
    },
  }
}

function filesOf(spec: OwnerSpec, opened: OpenedDatabase, sync: StoreSync, owner: () => Owner): OwnFiles {
  const { database, room } = opened
  const { dir, durability } = spec
  return {
    dir,
    durability,
    size: () => (sizeOf(databaseOf(dir)) ?? 0) + (sizeOf(`${databaseOf(dir)}-wal`) ?? 0),
    async backup(file) {
      checkBackupFile(dir, file)
      await sync.snapshot(file)
    },
    async restore(file) {
      room.check(sizeOf(file) ?? 0)
      database.exec(`PRAGMA busy_timeout = ${restoreBusyMs}`)
      try {
        owner().betweenTurns(keyspace => restoreSnapshot(database, keyspace, file))
      } finally {
        database.exec('PRAGMA busy_timeout = 0')
      }
    },
    async check() {
      const rows = database.prepare('PRAGMA quick_check(20)').all() as { quick_check: string }[]
      return rows.map(row => row.quick_check).filter(line => line !== 'ok')
    },
  }
}
