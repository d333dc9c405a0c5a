/** The promises once more on the next Node: the tests of other files, with their trees on Node 26. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { pathToFileURL } from 'node:url'
import { runFiles } from './run-files.ts'
import { root } from './tree.ts'

// `npm test` puts it there, in a folder of its own: see scripts/setup.mjs.
export const node26 = join(root, 'test', 'node-26', 'node_modules', '.bin', 'node')

/** For tests on it: why they are left out, where they are. */
export const skip = !existsSync(node26) && `there is no Node 26 for ${process.platform} ${process.arch} here`

/** Runs these once more: names of files in test/, without `.test.ts`. To be called once in a process. */
export function repeatOnNode26(names: readonly string[]): void {
  if (skip) {
    for (const name of names) test(`${name} on Node 26`, { skip })
    return
  }
  // Read by startTree() at each start.
  process.env.SAOLA_TEST_NODE = node26
  const urlOf = (name: string) => pathToFileURL(join(root, 'test', `${name}.test.ts`)).href
  runFiles(Object.fromEntries(names.map(name => [`${name} on Node 26`, urlOf(name)])))
}
