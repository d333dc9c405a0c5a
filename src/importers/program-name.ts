/** As `programs` and `apps` want them. */
const valid = /^[A-Za-z][\w-]{0,31}$/

/** What means something else in commands and in the log. */
const taken = ['all', 'cron', 'saola', 'store', 'tasks']

/** Gives every application and program a name that is allowed and its own. */
export class ProgramNames {
  readonly #used = new Set<string>(taken)

  /**
   * The name that is nearest to the one that is wanted.
   *
   * ```ts
   * names.choose('my app.v2')  // 'my-app-v2'
   * ```
   */
  choose(wanted: string): string {
    const cleaned = wanted
      .normalize('NFKD')
      .replace(/[^\w-]+/g, '-')
      .replace(/^[^A-Za-z]+/, '')
      .replace(/-+$/, '')
    const base = (cleaned || 'program').slice(0, 32)
    let name = base
    for (let number = 2; this.#used.has(name) || !valid.test(name); number++) {
      const tail = `-${number}`
      name = `${base.slice(0, 32 - tail.length)}${tail}`
    }
    this.#used.add(name)
    return name
  }
}
