import type { TestContext } from 'node:test'
import { socketOf } from '../../src/store/owner/owner-spec.ts'
import type { Store } from '../../src/store.ts'
import { startRedis } from './redis-server.ts'
import { type StoreFolder, storeFolder } from './store-script.ts'

/** Where a client of Redis connects. */
export interface Door {
  readonly path: string
  readonly folder: StoreFolder
  /** The same store, as an application has it. */
  readonly store: Store
}

/** The owner of a new store, in a process of its own, with its door open. It ends with the test. */
export async function openDoor(t: TestContext): Promise<Door> {
  const folder = storeFolder(t)
  const store = folder.open()
  t.after(() => store.close())
  await store.command('ping')
  return { path: socketOf(folder.dir), folder, store }
}

/**
 * Runs a session of a client against the door and, so that it is true to what the client expects, against a redis-server.
 * A session gets the path of a Unix socket.
 */
export async function runAgainstBoth(t: TestContext, session: (path: string) => Promise<void>): Promise<void> {
  await t.test('with redis-server', async inner => {
    const socket = `/tmp/saola-redis-${process.pid}-${Date.now()}.sock`
    await startRedis(inner, { args: ['--unixsocket', socket] })
    await session(socket)
  })
  await t.test("with Saola's door", async inner => {
    const { path } = await openDoor(inner)
    await session(path)
  })
}
