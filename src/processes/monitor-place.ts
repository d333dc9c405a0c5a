/** The store of a tree for somebody who only looks: opened at the first use, and never a reason to start its owner. */
import { connect } from 'node:net'
import { withoutUserInfo } from '../base/user-info.ts'
import type { Engine } from '../store/engines/engine.ts'
import { openEngineToLook } from '../store/open-store.ts'
import { type OwnerSpec, type RemoteSpec, socketOf } from '../store/owner/owner-spec.ts'
import { StoreError } from '../store/store-error.ts'

/** Nobody waits longer for a page than for an answer that nothing answers. */
export const lookTimeoutMs = 2_500
const probeTimeoutMs = 500

export interface LookedAt {
  /** Where the data is, without what is secret in it. */
  readonly place: string
  readonly isRemote: boolean
  /** In Redis, where keys have no order and are found by SCAN. */
  readonly isRedis: boolean
  /** It tells what it has done, as Redis does otherwise in each version. */
  readonly hasOwnFigures: boolean
  /** Undefined as long as nobody has used the store: a look does not start its owner. */
  engine(): Promise<Engine | undefined>
  /** The same without asking whether somebody has used it: what is in its file can be read without its owner. */
  open(): Engine
  close(): Promise<void>
}

/** `place` is how the processes of the tree come to the store, as JSON. */
export function lookAtStore(place: string, timeoutMs = lookTimeoutMs): LookedAt {
  const spec = JSON.parse(place) as OwnerSpec | RemoteSpec
  const isRemote = 'url' in spec
  let opened: Engine | undefined
  const open = () => {
    opened ??= openEngineToLook(spec, timeoutMs)
    return opened
  }
  return {
    place: isRemote ? withoutUserInfo(spec.url) : spec.dir,
    isRemote,
    isRedis: isRemote && spec.url.startsWith('redis'),
    hasOwnFigures: !isRemote || /^saolas?:/.test(spec.url),
    async engine() {
      // Once it is there, one that is gone is about to be started again: that is a fault and no idleness.
      if (!opened && !isRemote && !(await isListening(socketOf(spec.dir)))) return undefined
      return open()
    },
    open,
    close: async () => opened?.close(),
  }
}

/** @throws {StoreError} STORE_UNAVAILABLE */
export async function engineOf(store: LookedAt): Promise<Engine> {
  const engine = await store.engine()
  if (engine) return engine
  throw new StoreError(
    'STORE_UNAVAILABLE',
    `Nobody has used the store in ${store.place} yet: there is nothing to look at.`,
  )
}

/** @throws {StoreError} STORE_TIMEOUT when it takes longer than anything may here. */
export async function inLookTime<Result>(work: Promise<Result>): Promise<Result> {
  const { promise, reject } = Promise.withResolvers<never>()
  const timer = setTimeout(() => {
    const message = `The store did not answer within ${lookTimeoutMs / 1_000} s. What was to be changed may have been changed or not: look again.`
    reject(new StoreError('STORE_TIMEOUT', message))
  }, lookTimeoutMs + 250)
  try {
    return await Promise.race([work, promise])
  } finally {
    clearTimeout(timer)
  }
}

function isListening(path: string): Promise<boolean> {
  return new Promise(resolve => {
    const socket = connect({ path, timeout: probeTimeoutMs })
    const end = (isThere: boolean) => {
      socket.destroy()
      resolve(isThere)
    }
    socket.once('connect', () => end(true))
    socket.once('error', () => end(false))
    socket.once('timeout', () => end(false))
  })
}
