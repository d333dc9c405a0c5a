import { shownName } from '../database/key-names.ts'
import { everyKey } from '../database/keyspace.ts'
import { Push } from '../resp/reply.ts'
import type { Client } from './client.ts'

const kind = Buffer.from('saola.changed')

/** Who wants to hear that a key has changed: told after the commit, with the field if it was one of a hash. */
export class Watches {
  readonly #byKey = new Map<string, Set<Client>>()

  has(name: Buffer): boolean {
    return this.#byKey.size > 0 && this.#byKey.has(name.toString('latin1'))
  }

  add(client: Client, name: Buffer): void {
    const text = name.toString('latin1')
    const clients = this.#byKey.get(text) ?? new Set()
    this.#byKey.set(text, clients.add(client))
  }

  remove(client: Client, name: Buffer): void {
    const text = name.toString('latin1')
    const clients = this.#byKey.get(text)
    clients?.delete(client)
    if (clients?.size === 0) this.#byKey.delete(text)
  }

  leave(client: Client): void {
    for (const name of [...this.#byKey.keys()]) this.remove(client, Buffer.from(name, 'latin1'))
  }

  tell(name: Buffer, field: Buffer | undefined): void {
    const names = name === everyKey ? [...this.#byKey.keys()] : [name.toString('latin1')]
    for (const text of names) {
      for (const client of this.#byKey.get(text) ?? []) {
        client.push(new Push([kind, shownName(Buffer.from(text, 'latin1')), field ?? null]))
      }
    }
  }
}
