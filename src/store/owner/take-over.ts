/**
 * How the owner of a tree comes to its folder when somebody else owns it: it asks that one to end, waits for the lock, and opens.
 * An owner that a script has started does so; one of another tree that is alive refuses.
 */
import net from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'
import { livingTreeOf, type OwnerNote, readOwnerNote, type TreeIdentity } from '../database/owner-note.ts'
import { ReplyError } from '../resp/reply.ts'
import { ReplyParser } from '../resp/reply-parser.ts'
import { writeAll } from '../resp/write-all.ts'
import { RequestWriter } from '../resp/write-request.ts'
import { StoreError } from '../store-error.ts'
import { socketOf } from './owner-spec.ts'

// The owner may be in the midst of something long, such as a restore.
const patienceMs = 30_000
const answerMs = 1_000
const retryMs = 10

/**
 * Opens the folder for a tree, as soon as its present owner, if there is one, has let go of it.
 *
 * @param open rejects with STORE_UNAVAILABLE as long as another process owns the folder.
 * @throws {StoreError} STORE_DIRECTORY_UNUSABLE when the folder is another tree's; STORE_UNAVAILABLE when its owner does not let
 *   go of it in 30 s; and what `open` throws.
 */
export async function openForTree<Opened>(
  dir: string,
  tree: TreeIdentity,
  open: () => Promise<Opened>,
): Promise<Opened> {
  const giveUpAt = performance.now() + patienceMs
  for (;;) {
    try {
      return await open()
    } catch (error) {
      const isOwned = error instanceof StoreError && error.code === 'STORE_UNAVAILABLE'
      if (!isOwned || performance.now() > giveUpAt) throw error
    }
    // Before it is asked: one that refuses, and notices then that its tree is gone, ends and takes its note with it.
    const note = readOwnerNote(dir)
    const refusal = await askOwner(socketOf(dir), tree)
    if (refusal !== undefined && isOfAnotherTree(note, tree)) throw new StoreError('STORE_DIRECTORY_UNUSABLE', refusal)
    await pause(retryMs)
  }
}

/** An owner refuses also in the moment in which it has not noticed yet that its own tree is gone. */
function isOfAnotherTree(note: OwnerNote | undefined, tree: TreeIdentity): boolean {
  return note === undefined || (livingTreeOf(note)?.supervisorPid ?? tree.supervisorPid) !== tree.supervisorPid
}

/** Asks the owner to hand its folder over. Why it refuses; undefined when it agrees, is gone, or does not answer. */
function askOwner(path: string, { name, supervisorPid }: TreeIdentity): Promise<string | undefined> {
  const { promise, resolve } = Promise.withResolvers<string | undefined>()
  const socket = net.connect({ path })
  const parser = new ReplyParser()
  const timer = setTimeout(() => socket.destroy(), answerMs)
  socket.on('connect', () => {
    const writer = new RequestWriter()
    writer.append(['saola.handover', name, supervisorPid])
    writeAll(socket, writer.take())
  })
  socket.on('data', chunk => {
    const [reply] = parser.push(chunk)
    if (reply === undefined) return
    resolve(reply instanceof ReplyError ? reply.message : undefined)
    socket.destroy()
  })
  socket.on('error', () => {})
  socket.on('close', () => {
    clearTimeout(timer)
    resolve(undefined)
  })
  return promise
}
