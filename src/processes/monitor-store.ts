/** The store as the dashboard sees it: pages of keys in store-browse.ts, of what they hold in store-entries.ts, changes in store-edit.ts. */
import type { StoreView, TopicMessage } from '../dashboard/api.ts'
import type { StorePort } from '../dashboard/server/ports.ts'
import type { Engine } from '../store/engines/engine.ts'
import type { Pairs } from '../store/resp/reply.ts'
import { engineOf, inLookTime, type LookedAt, lookAtStore } from './monitor-place.ts'
import { cutText } from './shown-value.ts'
import { bytesOfId, pageOfKeys, scannedKeys, summaryOf } from './store-browse.ts'
import { deleteValue, expireKey, setValue } from './store-edit.ts'
import { entriesOf } from './store-entries.ts'

export interface OpenStorePort {
  readonly port: StorePort
  close(): Promise<void>
}

const messageBytesMax = 16 * 1024

/** `place` is how the processes of the tree come to the store, as JSON. Nothing is opened, and no owner started, before it is looked at. */
export function openStorePort(place: string): OpenStorePort {
  const store = lookAtStore(place)
  const on = <Result>(work: (engine: Engine) => Promise<Result>) => inLookTime(engineOf(store).then(work))
  const port: StorePort = {
    view: () => inLookTime(viewOf(store)),
    keys: query => inLookTime(keysOf(store, query)),
    key: ({ id, after }) =>
      on(async engine => {
        const summary = await summaryOf(engine, bytesOfId(id))
        return summary && { ...summary, ...(await entriesOf(engine, summary, after)) }
      }),
    set: input => on(engine => setValue(engine, input)),
    delete: input => on(engine => deleteValue(engine, input)),
    expire: input => on(engine => expireKey(engine, input)),
    listen: (pattern, hear, miss) =>
      on(engine =>
        engine.subscribe(pattern, true, {
          message: (topic, message) => hear(shownMessage(topic, message)),
          gap: miss,
        }),
      ),
  }
  return { port, close: () => store.close() }
}

async function viewOf(store: LookedAt): Promise<StoreView> {
  const { place, isRemote } = store
  const engine = await store.engine()
  if (!engine) return { state: 'idle', place, isRemote, info: {} }
  return { state: 'open', place, isRemote, info: await infoOf(engine) }
}

async function infoOf(engine: Engine): Promise<Record<string, string | number>> {
  const { items } = (await engine.call(['saola.info'])) as Pairs
  const info: Record<string, string | number> = {}
  for (let i = 0; i + 1 < items.length; i += 2) {
    const value = items[i + 1]
    info[String(items[i])] = typeof value === 'number' ? value : String(value)
  }
  return info
}

async function keysOf(store: LookedAt, query: Parameters<StorePort['keys']>[0]) {
  const engine = await store.engine()
  if (!engine) return { keys: [], next: undefined, spaces: [] }
  // A cursor of SCAN is of one server: in a cluster the keys of all of them are put in order.
  const isScanned = store.isRedis && (await infoOf(engine)).servers === 1
  return isScanned ? scannedKeys(engine, query) : pageOfKeys(engine, query)
}

function shownMessage(topic: string, message: Buffer): TopicMessage {
  const isCut = message.length > messageBytesMax
  const text = message.subarray(0, messageBytesMax + 4).toString()
  return { at: Date.now(), topic: topic.slice(0, 1024), message: isCut ? cutText(text, messageBytesMax) : text, isCut }
}
