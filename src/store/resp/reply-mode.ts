/** CLIENT REPLY: a connection that wants no answers, to all that it sends from now on or to what it sends next. */
export class ReplyMode {
  #mode: 'on' | 'off' | 'skip' = 'on'

  /** Whether requests get no answer for as long as nothing is said about it: what is kept for EXEC says nothing. */
  get isOff(): boolean {
    return this.#mode === 'off'
  }

  /** Whether a request gets no answer, as they come; it may change what holds for those behind it. */
  isSilent([name, subcommand, mode, ...more]: readonly Buffer[]): boolean {
    const before = this.#mode
    if (before === 'skip') this.#mode = 'on'
    if (mode === undefined || more.length > 0 || !is(name, 'client') || !is(subcommand, 'reply')) return before !== 'on'
    if (is(mode, 'on')) this.#mode = 'on'
    else if (is(mode, 'off')) this.#mode = 'off'
    else if (is(mode, 'skip') && before !== 'off') this.#mode = 'skip'
    // One that makes no sense is answered as any other.
    else return before !== 'on'
    return this.#mode !== 'on'
  }
}

function is(word: Buffer | undefined, wanted: string): boolean {
  return word?.length === wanted.length && word.toString('latin1').toLowerCase() === wanted
}
