// Which test files share a process, and which process begins first. One for each file would spend a fifth of all unit tests' time, and more, on starting and on reading
// the same code again; whole-server tests are long, and stay alone.
import { readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { root } from './setup.mjs'

// Rooms with more have several, so that they run side by side, and none comes near to the limit of a whole file.
const filesMax = 20

/** What a file may not share: what it changes before it loads the code under test, and the memory that it measures. */
const ownProcess = /^mock\.|process\.memoryUsage\(/m

// Each runs a whole suite, most of which is waiting.
const suites = /\/engines?\//

// What is long and begins last, runs on alone at the end. test-seconds.json has those of 12 s and more; all others are as long as their
// text: 600 bytes of a whole-server test take a second, of unit tests 20 times as many.
const bytesPerSecond = { 'test/': 600, 'src/': 12_000 }

/**
 * The files to give to `node --test`: one for each process, written to `folder`. `node --test` begins them in the order of their names,
 * so they are numbered, from the longest on.
 */
export function dealToProcesses(files, folder) {
  const groups = {}
  for (const path of files) {
    const name = isAlone(path) ? path : `src-${path.split('/')[1]}`
    groups[name] ??= []
    groups[name].push(path)
  }
  const known = JSON.parse(readFileSync(join(root, 'scripts', 'test-seconds.json'), 'utf8'))
  const secondsOf = path =>
    known[path] ?? statSync(join(root, path)).size / bytesPerSecond[path.slice(0, path.indexOf('/') + 1)]
  return Object.entries(groups)
    .flatMap(([name, members]) => inShares(members).map((share, i) => ({ name: `${name}-${i + 1}`, members: share })))
    .map(process => ({ ...process, seconds: process.members.reduce((sum, path) => sum + secondsOf(path), 0) }))
    .sort((one, other) => other.seconds - one.seconds)
    .map(({ name, members }, i) => {
      const title = name.replaceAll('/', '-').replace('.test.ts', '')
      return writeProcess(join(folder, `${String(i).padStart(3, '0')}-${title}.mjs`), members)
    })
}

function inShares(members) {
  const count = Math.ceil(members.length / filesMax)
  return Array.from({ length: count }, (_, i) => members.slice(i * filesMax, (i + 1) * filesMax))
}

function isAlone(path) {
  return !path.startsWith('src/') || suites.test(path) || ownProcess.test(readFileSync(join(root, path), 'utf8'))
}

function writeProcess(path, members) {
  const [first] = members
  const urls = Object.fromEntries(members.map(member => [member, urlOf(member)]))
  const text =
    members.length === 1
      ? `import '${urlOf(first)}'\n`
      : `import { runFiles } from '${urlOf('test/support/run-files.ts')}'\nrunFiles(${JSON.stringify(urls)})\n`
  writeFileSync(path, text)
  return path
}

function urlOf(path) {
  return pathToFileURL(join(root, path)).href
}
