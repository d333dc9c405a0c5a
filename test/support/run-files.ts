import { writeSync } from 'node:fs'
import { after, before, suite, test } from 'node:test'

/**
 * Runs test files together in this process, which is for nothing else: name → URL. Each is a suite of its name, so that its hooks
 * are its own, and a failure says where it belongs.
 *
 * ```ts
 * runFiles({ 'src/base/units.test.ts': 'file:///…/src/base/units.test.ts' })
 * ```
 */
export function runFiles(files: Readonly<Record<string, string>>): void {
  const loading: Promise<unknown>[] = []
  for (const [name, url] of Object.entries(files)) {
    suite(name, () => {
      const loaded = import(url)
      loading.push(loaded)
      return loaded.then(() => {}, failToLoad)
    })
  }
  // Before the first test begins: what one file takes for loading must not be time of another's tests.
  before(() => Promise.allSettled(loading))
  failIfCutShort(Object.keys(files))
}

/** A test, because a suite that fails is in no count. */
function failToLoad(error: unknown): void {
  test('is loaded', () => {
    throw error
  })
}

/** The runner takes a process that ends with 0 for one that has run all of its tests. */
function failIfCutShort(names: readonly string[]): void {
  let isOver = false
  after(() => {
    isOver = true
  })
  process.once('exit', () => {
    if (isOver) return
    writeSync(2, `A test has ended the process of ${names.join(', ')} before all of them had run.\n`)
    process.exitCode = 1
  })
}
