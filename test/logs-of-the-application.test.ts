import assert from 'node:assert/strict'
import { existsSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { stripVTControlCharacters } from 'node:util'
import { request } from './support/http-connection.ts'
import { spawnTree, startTree, type Tree } from './support/tree.ts'

// Prints what it is asked to: so many numbered lines, or one very long one.
const app = `
export default (request, response) => {
  const { pathname, searchParams } = new URL(request.url, 'http://localhost')
  if (pathname === '/lines') {
    const [from, to] = [Number(searchParams.get('from')), Number(searchParams.get('to'))]
    for (let number = from; number < to; number++) console.log('line ' + number + ' ' + 'x'.repeat(80))
  }
  if (pathname === '/long') console.log('begin' + 'ä'.repeat(500000) + 'end')
  if (pathname === '/both') { console.log('to stdout\\u001b[31m'); console.error('to stderr') }
  if (pathname === '/partial') process.stdout.write('without a newline')
  response.end('served')
}
`
const files = { 'app.mjs': app }

test('files of stdout and stderr are rotated by size while they are written, and backups are kept', async t => {
  const maxBytes = 20_000
  const web = { stdout: { file: './logs/out.log', maxBytes, backups: 3 }, stderr: { file: './logs/error.log' } }
  const tree = await startTree(t, { files, config: configOf(web) })
  for (let from = 0; from < 2_000; from += 100)
    await request(tree.url, { path: `/lines?from=${from}&to=${from + 100}` })
  await request(tree.url, { path: '/both' })
  assert.equal((await tree.stop()).code, 0)
  const path = (name: string) => join(tree.dir, 'logs', name)
  assert.ok(!existsSync(path('out.log.4')))
  const names = ['out.log.3', 'out.log.2', 'out.log.1', 'out.log']
  const text = names.map(name => readFileSync(path(name), 'utf8')).join('')
  for (const name of names) assert.ok(statSync(path(name)).size <= maxBytes, name)
  for (const name of names.slice(0, 3)) assert.ok(statSync(path(name)).size > maxBytes - 200, name)
  // The youngest lines, without a gap or a torn one between two files.
  const numbers = text.split('\n').flatMap(line => /^line (\d+) x{80}$/.exec(line)?.[1] ?? [])
  assert.deepEqual(
    numbers.map(Number),
    Array.from(numbers, (_, index) => 2_000 - numbers.length + index),
  )
  assert.ok(numbers.length > 600)
  assert.match(text, /to stdout/)
  assert.equal(readFileSync(path('error.log'), 'utf8'), 'to stderr\n')
  assert.deepEqual(
    tree.lines.filter(line => line.includes('"source":"web:0"')),
    [],
  )
})

test('a line of 1 MB arrives in pieces that say so, and nothing is lost of it', async t => {
  const tree = await startTree(t, { files, config: configOf({}) })
  await request(tree.url, { path: '/lines?from=0&to=1' })
  await request(tree.url, { path: '/long' })
  await request(tree.url, { path: '/lines?from=1&to=2' })
  await tree.waitForLine(/line 1 /)
  const messages = tree.lines.flatMap(line => (line.includes('"source":"web:0"') ? [JSON.parse(line).message] : []))
  const pieces = messages.slice(1, -1)
  assert.ok(pieces.length > 10)
  assert.ok(pieces.slice(0, -1).every(piece => piece.endsWith(' [line goes on]')))
  const whole = pieces.map(piece => piece.replace(/ \[line goes on\]$/, '')).join('')
  assert.ok(whole === `begin${'ä'.repeat(500_000)}end`)
})

test('without a terminal each line is an object with its source, and raw leaves it as it is', async t => {
  const json = await startTree(t, { files, config: configOf({}) })
  await request(json.url, { path: '/both' })
  for (const stream of ['stdout', 'stderr']) await json.waitForLine(new RegExp(`to ${stream}`))
  const lines = json.lines.filter(line => line.includes('"source"')).map(line => JSON.parse(line))
  assert.deepEqual(
    lines
      .map(({ source, stream, message }) => ({ source, stream, message }))
      .sort((a, b) => (a.stream < b.stream ? -1 : 1)),
    [
      { source: 'web:0', stream: 'stderr', message: 'to stderr' },
      { source: 'web:0', stream: 'stdout', message: 'to stdout\u001b[31m' },
    ],
  )
  assert.ok(lines.every(({ time }) => Math.abs(Date.parse(time) - Date.now()) < 60_000))

  const raw = spawnTree(t, { files, config: configOf({ listen: 'unix:./app.sock' }, { log: { format: 'raw' } }) })
  await raw.waitForLine(/ info {2}tree\.ready name=shop /)
  await request(`unix:${raw.dir}/app.sock`, { path: '/both' })
  await raw.waitForLine(line => line === 'to stderr')
  await raw.waitForLine(line => line === 'to stdout\u001b[31m')
})

test('on a terminal lines have their source before them, and the tree says what it serves', async t => {
  const { lines } = await onTerminal('/both', ['to stdout', 'to stderr'])
  const text = stripVTControlCharacters(lines.join('\n'))
  assert.match(text, /^saola \| .* info {2}tree\.starting name=shop/m)
  assert.match(text, /^web:0 \| to stdout\r?$/m)
  assert.match(text, /^web:0 \| to stderr\r?$/m)
  assert.match(text, /Saola \S+ serves shop \(pid \d+, Node v\d+/)
  // A colour that the application leaves on ends with its line.
  assert.ok(lines.some(line => /to stdout\u001b\[31m\u001b\[0m\r?$/.test(line)))

  /** Runs a tree on a terminal of its own, asks for a path, and waits until the output has the texts, which come in any order. */
  async function onTerminal(path: string, wanted: readonly string[]): Promise<Tree> {
    const config = configOf({ listen: 'unix:./app.sock' })
    const tree = spawnTree(t, { files, config, wrapper: ['sh', '-c', 'exec script -qefc "$*" /dev/null', 'sh'] })
    await tree.waitForLine(/serves shop/)
    await request(`unix:${tree.dir}/app.sock`, { path })
    for (const text of wanted) await tree.waitForLine(line => line.includes(text))
    return tree
  }
})

test('what was printed without a newline is a line when the worker ends', async t => {
  const tree = await startTree(t, { files, config: configOf({}) })
  await request(tree.url, { path: '/partial' })
  assert.equal((await tree.stop()).code, 0)
  assert.ok(tree.lines.some(line => line.includes('"message":"without a newline"')))
})

function configOf(web: object, more: object = {}): object {
  const own = { app: './app.mjs', listen: '127.0.0.1:0', workers: 1, accessLog: false, ...web }
  return { name: 'shop', apps: { web: own }, ...more }
}
