/** What programs print is in their files once, in order and whole, whatever becomes of the supervisor meanwhile. */
import assert from 'node:assert/strict'
import { readdirSync, readFileSync, renameSync, statSync } from 'node:fs'
import { watch } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { waitTimeoutMs } from './support/http-connection.ts'
import { startTree, type Tree, type TreeOptions } from './support/tree.ts'
import { until } from './support/until.ts'

// Prints a numbered line every millisecond or two, and notes each in a file of its own: that is what must be in the log. The
// number of its run is in each line, since a run begins anew with every start.
const writer = `
import { openSync, readdirSync, writeSync } from 'node:fs'
const run = readdirSync('.').filter(name => name.startsWith('printed-')).length + 1
const note = openSync('printed-' + run, 'a')
let number = 0
const print = () => {
  const line = run + ' ' + ++number + ' ' + 'x'.repeat(number % 70) + '\\n'
  writeSync(1, line)
  writeSync(note, line)
}
setInterval(() => { print(); print() }, 2)
`
const stdout = { file: './logs/writer.log', maxBytes: 8_192, backups: 400 }
const config = {
  name: 'writes',
  programs: { writer: { command: [process.execPath, 'writer.mjs'], startSeconds: 0, stdout } },
}
// With so many, a rotation takes some milliseconds: time to be killed in.
const oldFiles = Object.fromEntries(
  Array.from({ length: 200 }, (_, index) => [`logs/writer.log.${index + 1}`, `old file ${index + 1}\n`]),
)
const rounds = 6
const options: TreeOptions = { files: { 'writer.mjs': writer }, config }

test('a supervisor that is killed at any moment costs no line but those just printed, and no file', async t => {
  let tree = await startTree(t, { ...options, files: { ...options.files, ...oldFiles } })
  const { dir } = tree
  const written: string[] = []
  for (let round = 1; round <= rounds; round++) {
    const printed = join(dir, `printed-${round}`)
    await until('some files are full', () => sizeOf(printed) > 3 * stdout.maxBytes)
    const line = lastIn(printed)
    await until(`${line} is in the log`, () => isLogged(dir, line))
    written.push(line)
    // Every second kill is to come between the first and the last rename of a rotation, the others at any moment.
    if (round % 2 === 1) await beginOfRotation(join(dir, 'logs'))
    // A moment that nobody chooses is what is tried.
    else await pause(Math.random() * 100)
    tree.signal('SIGKILL')
    await endOf(tree)
    tree = await startTree(t, { ...options, dir })
  }
  await until(
    'the last run has filled some files',
    () => sizeOf(join(dir, `printed-${rounds + 1}`)) > 3 * stdout.maxBytes,
  )
  assert.equal((await tree.stop()).code, 0)
  const files = filesOf(dir)
  assert.deepEqual(
    files.map(({ number }) => number),
    files.map((_, index) => files.length - 1 - index),
  )
  const log = files.map(({ text }) => text).join('')
  const old = Object.values(oldFiles).toReversed().join('')
  assert.equal(log.slice(0, old.length), old)
  assertKept(dir, log.slice(old.length), written)
})

test('SIGUSR1 opens files anew that were moved away, and no line is lost between them', async t => {
  const big = { ...stdout, maxBytes: 0 }
  const tree = await startTree(t, { ...options, config: { ...config, programs: { writer: writerTo(big) } } })
  const path = join(tree.dir, 'logs/writer.log')
  for (let round = 1; round <= 3; round++) {
    await until('something is in the file', () => sizeOf(path) > 0)
    const since = tree.lines.length
    renameSync(path, `${path}.moved-${round}`)
    const moved = sizeOf(`${path}.moved-${round}`)
    // Until it is told, the writer goes on with the file that it has.
    await until('the moved file still grows', () => sizeOf(`${path}.moved-${round}`) > moved)
    tree.signal('SIGUSR1')
    await tree.waitForEvent('logs.reopened', {}, { since })
  }
  await until('something is in the file', () => sizeOf(path) > 0)
  assert.equal((await tree.stop()).code, 0)
  const texts = [1, 2, 3].map(round => readFileSync(`${path}.moved-${round}`, 'utf8'))
  assertKept(tree.dir, [...texts, readFileSync(path, 'utf8')].join(''), [])
})

function writerTo(stdout: object): object {
  return { ...config.programs.writer, stdout }
}

/**
 * Every run is in the log from its first line on, in order. What is missing at its end was printed behind what had been seen in the
 * log before its kill, and at most one line a kill is torn.
 */
function assertKept(dir: string, log: string, written: readonly string[]): void {
  const lines = log.split('\n')
  assert.equal(lines.pop(), '')
  const runs = readdirSync(dir).filter(name => name.startsWith('printed-')).length
  assert.equal(runs, written.length + 1)
  let at = 0
  for (let run = 1; run <= runs; run++) {
    const printed = readFileSync(join(dir, `printed-${run}`), 'utf8')
      .split('\n')
      .slice(0, -1)
    let kept = 0
    while (at < lines.length && lines[at] === printed[kept]) {
      at++
      kept++
    }
    const seen = written[run - 1]
    if (seen === undefined) assert.equal(kept, printed.length, `run ${run}, which nobody killed`)
    else assert.ok(kept > printed.indexOf(seen), `run ${run} lost ${printed[kept]}, though ${seen} was written`)
    if (isLastWord(lines[at], printed[kept] ?? `${run} ${kept + 1} `)) at++
  }
  assert.equal(at, lines.length, `not in its place: ${lines.slice(at, at + 3).join('\n')}`)
}

/** It was torn by the kill, or printed and not noted any more. */
function isLastWord(line: string | undefined, expected: string): boolean {
  return line !== undefined && (expected.startsWith(line) || line.startsWith(expected))
}

/** Resolves with one of the first of the many renames of a rotation, the oldest files being renamed first. */
async function beginOfRotation(folder: string): Promise<void> {
  const signal = AbortSignal.timeout(waitTimeoutMs)
  for await (const { filename } of watch(folder, { signal })) if (/\.log\.\d{3}$/.test(filename ?? '')) return
}

/** The tree has gone, and the program that it has left behind with it: its output leads nowhere any more. */
async function endOf(tree: Tree): Promise<void> {
  await tree.exit
  await until('the program has ended', () => tree.processIds().length === 0)
}

/** The oldest first; 0 is the one that is being written. */
function filesOf(dir: string): { readonly number: number; readonly text: string }[] {
  const folder = join(dir, 'logs')
  return readdirSync(folder)
    .map(name => ({
      number: Number(/\.log\.(\d+)$/.exec(name)?.[1] ?? 0),
      text: readFileSync(join(folder, name), 'utf8'),
    }))
    .sort((a, b) => b.number - a.number)
}

/** This line of a run, or one behind it. */
function isLogged(dir: string, line: string): boolean {
  const [run, number] = line.split(' ').map(Number)
  // Between two looks a file gets its next name.
  return ['writer.log', 'writer.log.1'].some(name => {
    const [loggedRun, loggedNumber] = lastIn(join(dir, 'logs', name))
      .split(' ')
      .map(Number)
    return loggedRun === run && Number(loggedNumber) >= Number(number)
  })
}

/** The last line that is whole. */
function lastIn(path: string): string {
  try {
    return readFileSync(path, 'utf8').split('\n').at(-2) ?? ''
  } catch {
    // In the middle of a rotation.
    return ''
  }
}

function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0
}
