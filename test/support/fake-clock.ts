import { existsSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { TestContext } from 'node:test'

const libraries = '/usr/lib'

/**
 * A wall clock for processes that get `env`, which the test sets; the clock that only goes on is left to them. Undefined where
 * Debian's libfaketime is not there: then the test is skipped, and says so.
 */
export function makeFakeClock(t: TestContext, folder: string): FakeClock | undefined {
  const found = existsSync(libraries)
    ? readdirSync(libraries).map(name => join(libraries, name, 'faketime', 'libfaketime.so.1'))
    : []
  const library = found.find(file => existsSync(file))
  if (library !== undefined) return new FakeClock(library, join(folder, 'clock'))
  t.skip('NOT TESTED: libfaketime is not there.')
  return undefined
}

export class FakeClock {
  readonly env: Readonly<Record<string, string>>
  readonly #file: string

  constructor(library: string, file: string) {
    this.#file = file
    this.set(0)
    this.env = {
      LD_PRELOAD: library,
      FAKETIME_TIMESTAMP_FILE: file,
      FAKETIME_CACHE_DURATION: '1',
      FAKETIME_DONT_FAKE_MONOTONIC: '1',
      NO_FAKE_STAT: '1',
    }
  }

  /** So many seconds beside the true time, in a second at the latest. */
  set(seconds: number): void {
    writeFileSync(this.#file, `${seconds < 0 ? '' : '+'}${seconds}\n`)
  }
}
