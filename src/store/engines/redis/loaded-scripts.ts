import type { Cluster, Redis } from 'ioredis'
import type { Pending } from './pending.ts'
import { nodeName } from './wire.ts'

/** A script as one server knows it. Calls are counted as they are sent. */
export interface LoadedScript {
  /** The call that brought its text. */
  readonly broughtAt: number
  /** The last call that is known to have found it there. */
  seenAt: number
}

/** Which scripts each server has: by their digests, since this process is connected to it. */
export class LoadedScripts {
  readonly #byNode = new Map<string, Map<string, LoadedScript>>()

  on(redis: Redis | Cluster, { lane, options }: Pending): Map<string, LoadedScript> {
    const node = 'nodes' in redis ? (redis.slots[Math.max(0, lane)]?.[0] ?? '') : options.node ? nodeName(redis) : ''
    let loaded = this.#byNode.get(node)
    if (!loaded) {
      loaded = new Map()
      this.#byNode.set(node, loaded)
    }
    return loaded
  }

  forget(node: string): void {
    this.#byNode.delete(node)
  }

  clear(): void {
    this.#byNode.clear()
  }
}
