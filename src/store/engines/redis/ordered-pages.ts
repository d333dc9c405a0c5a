/**
 * Names in the order of their bytes, page by page, of what Redis gives in no order: fields, members, keys.
 *
 * Redis walks through a hash, set or keyspace in steps, and what is there all the time comes at least once. So a page is made
 * by a whole walk, of which the first 100,000 names behind the last page are kept: those serve the next pages, too.
 */
const namesMax = 100_000
const restsMax = 16
const restMs = 60_000

interface Rest {
  readonly names: readonly Buffer[]
  /** Nothing is behind them. */
  readonly isAll: boolean
  readonly until: number
}

/** Calls `add` with what a walk comes across, in whatever order and however often. */
export type Walk = (add: (name: Buffer) => void) => Promise<void>

export class OrderedPages {
  readonly #rests = new Map<string, Rest>()

  /** The next names behind one, up to `count`; `what` names the walk. */
  async next(what: string, after: Buffer | undefined, count: number, walk: Walk): Promise<readonly Buffer[]> {
    const rest = this.#take(what, after) ?? (await this.#walk(after, walk))
    const page = rest.names.slice(0, count)
    const last = page.at(-1)
    if (last) this.#keep(what, last, { ...rest, names: rest.names.slice(page.length) })
    return page
  }

  #take(what: string, after: Buffer | undefined): Rest | undefined {
    if (!after) return undefined
    const id = idOf(what, after)
    const rest = this.#rests.get(id)
    this.#rests.delete(id)
    const isUsable = rest && rest.until > performance.now() && (rest.isAll || rest.names.length > 0)
    return isUsable ? rest : undefined
  }

  #keep(what: string, last: Buffer, rest: Rest): void {
    const id = idOf(what, last)
    this.#rests.delete(id)
    this.#rests.set(id, rest)
    const [oldest] = this.#rests.keys()
    if (this.#rests.size > restsMax && oldest !== undefined) this.#rests.delete(oldest)
  }

  async #walk(after: Buffer | undefined, walk: Walk): Promise<Rest> {
    let names: Buffer[] = []
    let isAll = true
    const cut = () => {
      names = inOrder(names)
      if (names.length <= namesMax) return
      names.length = namesMax
      isAll = false
    }
    await walk(name => {
      if (after && Buffer.compare(name, after) <= 0) return
      names.push(name)
      if (names.length >= 3 * namesMax) cut()
    })
    cut()
    return { names, isAll, until: performance.now() + restMs }
  }
}

function inOrder(names: readonly Buffer[]): Buffer[] {
  return names.toSorted(Buffer.compare).filter((name, i, all) => i === 0 || !name.equals(all[i - 1] as Buffer))
}

function idOf(what: string, last: Buffer): string {
  return `${what} ${last.toString('latin1')}`
}
