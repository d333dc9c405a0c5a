/** Commands about all of Redis, in a cluster about all its masters. */
import { Pairs, type Reply } from '../../resp/reply.ts'
import type { Call } from '../engine.ts'
import { withoutSecret } from './connect.ts'
import type { RedisLink } from './link.ts'

export class RedisAdministration {
  readonly #link: RedisLink
  readonly #url: string
  readonly #timeoutMs: number

  constructor(link: RedisLink, url: string, timeoutMs: number) {
    this.#link = link
    this.#url = url
    this.#timeoutMs = timeoutMs
  }

  /** `saola.info`; `keys` counts companions, too. */
  async info(): Promise<Reply> {
    const texts = (await this.#ofAll(['info'], true)).map(String)
    const numbers = (name: string) => texts.map(text => Number(fieldOf(text, name)))
    const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0)
    const [text = ''] = texts
    return new Pairs(
      Object.entries({
        keys: (await this.size()) as number,
        pid: numbers('process_id')[0] ?? 0,
        uptimeSeconds: Math.min(...numbers('uptime_in_seconds')),
        rssBytes: sum(numbers('used_memory_rss')),
        engine: `${fieldOf(text, 'server_name') || 'redis'} ${fieldOf(text, 'valkey_version') || fieldOf(text, 'redis_version')}`,
        url: withoutSecret(this.#url),
        servers: texts.length,
        // For those who must not lose what they keep: the tasks ask for it.
        evicts: [...new Set(texts.map(one => fieldOf(one, 'maxmemory_policy')))].join(', '),
        keeps: [...new Set(texts.map(persistenceOf))].join(', '),
      }).flatMap(([name, value]) => [Buffer.from(name), typeof value === 'number' ? value : Buffer.from(value)]),
    )
  }

  /** `dbsize`. */
  async size(): Promise<Reply> {
    const sizes = (await this.#ofAll(['dbsize'], true)) as readonly number[]
    return sizes.reduce((sum, size) => sum + size, 0)
  }

  /** `flushall` and `flushdb`. */
  async flush(call: Call): Promise<Reply> {
    const [reply = null] = await this.#ofAll(call, false)
    return reply
  }

  /** `ping`, of all servers: what was sent before is carried out. */
  async ping(call: Call): Promise<Reply> {
    // In a cluster a call may wait for its slot to be served, while its node answers already.
    const [reply = null] = await this.#ofAll(call, true, true)
    return reply
  }

  async #ofAll(call: Call, isRead: boolean, isAfterAll = false): Promise<readonly Reply[]> {
    const masters = await this.#link.masters(this.#timeoutMs)
    const options = { timeoutMs: this.#timeoutMs, isRead, isAfterAll }
    return Promise.all(masters.map(node => this.#link.send({ call }, { ...options, node })))
  }
}

/** What of the writes is on the disk: of some Redis nothing is said. */
function persistenceOf(info: string): string {
  const isOn = fieldOf(info, 'aof_enabled')
  if (isOn === '') return ''
  if (isOn === '0') return 'no journal'
  return fieldOf(info, 'aof_last_write_status') === 'err' ? 'a journal that fails' : 'a journal'
}

function fieldOf(info: string, name: string): string {
  return new RegExp(`^${name}:(.*)$`, 'm').exec(info)?.[1]?.trim() ?? ''
}
