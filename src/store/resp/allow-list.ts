import { NetworkList } from '../../base/network-list.ts'

/** Who may connect: addresses and networks such as `10.0.0.0/8`. */
export class AllowList {
  readonly #networks: NetworkList
  readonly #isOpen: boolean

  /** @param networks none: everybody may. */
  constructor(networks: readonly string[]) {
    this.#isOpen = networks.length === 0
    this.#networks = new NetworkList(networks)
  }

  allows(address: string): boolean {
    return this.#isOpen || this.#networks.has(address)
  }
}
