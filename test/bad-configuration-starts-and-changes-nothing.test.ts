import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { resolveConfig } from '../src/config/resolve.ts'
import { keepAliveClient } from './support/clients.ts'
import { request } from './support/http-connection.ts'
import { spawnTree, startTree, type Tree } from './support/tree.ts'

const files = { 'app.js': 'export default { fetch: () => new Response("version 1") }' }

/** Each of these is one problem: what it is, and the line that an operator reads. */
const problems: Readonly<Record<string, { readonly web?: object; readonly tree?: object; readonly line: string }>> = {
  'a typo in a key': { web: { wrokers: 2 }, line: 'apps.web.wrokers is unknown, did you mean apps.web.workers?' },
  'a key of another section': {
    tree: { bootTimeout: '5s' },
    line: 'bootTimeout is unknown, did you mean apps.<name>.bootTimeout?',
  },
  'a key that nothing resembles': { tree: { colour: 'green' }, line: 'colour is unknown.' },
  'a wrong unit': {
    web: { timeout: '30 parsecs' },
    line: 'apps.web.timeout expected a duration such as "30s" or "500ms", got "30 parsecs".',
  },
  'a typo in a word': {
    web: { balance: 'round-robbin' },
    line: 'apps.web.balance expected "shared", "round-robin", "least-connections" or "sticky", got "round-robbin", did you mean "round-robin"?',
  },
  'a wrong type, deep down': {
    web: { recycle: { requests: 'many' } },
    line: 'apps.web.recycle.requests expected a whole number of at least 0, got "many".',
  },
  'a file that does not exist': {
    web: { app: './ap.js' },
    line: 'apps.web.app expected a file, got "./ap.js" (DIR/ap.js does not exist), did you mean app.js?',
  },
}

/** The configuration with all of these problems in it, or with none. */
function configWith(rows: readonly { web?: object; tree?: object }[], more: object = {}): object {
  const web = { app: './app.js', listen: '127.0.0.1:0', workers: 2, accessLog: false }
  const wrong = Object.assign({}, ...rows.map(row => row.web))
  return Object.assign({ name: 'shop', apps: { web: { ...web, ...wrong } }, ...more }, ...rows.map(row => row.tree))
}

const allWrong = configWith(Object.values(problems))

function linesFor(tree: Tree): string[] {
  return Object.values(problems).map(({ line }) => line.replace('DIR', tree.dir))
}

test('a configuration with many problems lists all of them, with what was meant, and starts nothing', async t => {
  const tree = spawnTree(t, { files, config: allWrong })
  assert.deepEqual(await tree.exit, { code: 1, signal: null })
  assert.match(tree.lines[0] ?? '', /saola\.config\.json has 7 problems\. {3}\[ERR_CONFIG_INVALID\]$/)
  assert.deepEqual(
    tree.lines.slice(1).sort(),
    linesFor(tree)
      .map(line => `  ${line}`)
      .sort(),
  )
  assert.ok(!existsSync(join(tree.dir, '.saola')))
})

for (const [what, { line, ...row }] of Object.entries(problems)) {
  test(`${what} alone is one problem`, async t => {
    const cwd = realpathSync(mkdtempSync(join(tmpdir(), 'saola-')))
    t.after(() => rmSync(cwd, { recursive: true }))
    writeFileSync(join(cwd, 'app.js'), files['app.js'])
    const content = { value: configWith([row]), problems: [] }
    const request = { cwd, flags: {}, env: {}, mode: 'start' } as const
    assert.throws(() => resolveConfig(request, join(cwd, 'saola.config.json'), content), {
      code: 'ERR_CONFIG_INVALID',
      problems: [line.replace('DIR', cwd)],
    })
  })
}

test('a configuration file that throws, or is none, is named with the place', async t => {
  const throwing = spawnTree(t, { files, config: 'const port = 1\nexport default { name: shop }\n' })
  assert.equal((await throwing.exit).code, 1)
  assert.match(
    throwing.lines.join('\n'),
    /Cannot load the configuration .*saola\.config\.ts \(.*shop is not defined.*2:24\)/,
  )

  const cut = spawnTree(t, {
    files: { ...files, 'saola.config.json': '{ "name": "shop", ' },
    args: ['-c', 'saola.config.json'],
  })
  assert.equal((await cut.exit).code, 1)
  assert.match(cut.lines.join('\n'), /Cannot load the configuration .*saola\.config\.json \(.*JSON.*\)/)

  const missing = spawnTree(t, { files, args: ['-c', 'elsewhere.json'] })
  assert.equal((await missing.exit).code, 1)
  assert.match(missing.lines.join('\n'), /Cannot load the configuration .*elsewhere\.json \(no such file\)/)
})

test('a reload with many problems lists all of them and changes nothing: the old workers keep serving', async t => {
  const tree = await startTree(t, { files, config: configWith([]) })
  const before = await tree.status()
  const client = keepAliveClient(t, tree.url).start()
  await client.answered(1)
  // The code has changed, too: not even that may be taken.
  writeFileSync(join(tree.dir, 'app.js'), files['app.js'].replace('1', '2'))
  configure(tree, allWrong)

  const { code, stdout, stderr } = await tree.cli('reload', '--wait')
  assert.equal(code, 1)
  assert.equal(stdout, '')
  for (const line of linesFor(tree)) assert.ok(stderr.includes(line), `${line}\nis not in\n${stderr}`)
  await tree.waitForEvent('reload.refused')
  assert.deepEqual(loggedProblems(tree), linesFor(tree).sort())

  // Who accepts cannot be taken from the workers either.
  configure(tree, configWith([{ web: { balance: 'round-robin' } }]))
  const { problems: refusal } = await refusedBySignal(tree)
  assert.deepEqual(refusal, ['apps.web.balance: "shared" -> "round-robin" (refused)'])

  configure(tree, allWrong)
  const refused = await refusedBySignal(tree)
  assert.match(refused.error, /saola\.config\.json has 7 problems/)
  assert.deepEqual(refused.problems, linesFor(tree).sort())

  const after = await tree.status()
  assert.deepEqual(after.children.map(identity), before.children.map(identity))
  assert.equal(after.generation, before.generation)
  assert.equal(after.lastReload?.ok, false)
  assert.match(after.lastReload?.message ?? '', /7 problems/)
  assert.equal(String((await request(tree.url)).body), 'version 1')
  assert.equal((await client.stop()).failed, 0)

  // What was wrong is mended: the same tree takes it.
  configure(tree, configWith([]))
  assert.equal((await tree.cli('reload', '--wait')).code, 0)
  assert.equal(String((await request(tree.url)).body), 'version 2')
})

/** What only a new start can give, and how it is said. */
const refusals = [
  /^control\.socket: .*control\.sock -> .*other\.sock \(refused\)$/,
  /^name: "shop" -> "store" \(refused\)$/,
  /^apps\.web\.balance: "least-connections" -> "shared" \(refused\)$/,
  /^pidFile: unset -> .*shop\.pid \(refused\)$/,
]

test('a reload that asks for what only a new start can give is refused in words, and changes nothing', async t => {
  const tree = await startTree(t, { files, config: configWith([{ web: { balance: 'least-connections' } }]) })
  const before = await tree.status()
  configure(tree, configWith([], { name: 'store', control: { socket: './other.sock' }, pidFile: 'shop.pid' }))
  for (const args of [['--wait'], []]) {
    const since = tree.lines.length
    const { code, stderr } = await tree.cli('reload', ...args)
    assert.equal(code, 1)
    assert.match(stderr, /asks for what only a new start can give\. Nothing was changed/)
    assertRefused(stderr.split('\n').map(text => text.trim()))
    await tree.waitForEvent('reload.refused', {}, { since })
    assertRefused(loggedProblems(tree, since))
  }
  const preview = await tree.cli('reload', '--dry-run')
  assert.equal(preview.code, 1)
  assertRefused(preview.stdout.split('\n'))

  const [one] = Object.values(problems)
  configure(tree, configWith([{ ...one }]))
  const single = await refusedBySignal(tree)
  assert.match(single.error, /saola\.config\.json has a problem\b/)
  assert.deepEqual(single.problems, [one?.line])

  rmSync(join(tree.dir, 'saola.config.json'))
  assert.match((await refusedBySignal(tree)).error, /saola\.config\.json is gone/)

  const after = await tree.status()
  assert.deepEqual(after.children.map(identity), before.children.map(identity))
  assert.equal(after.generation, before.generation)
})

function assertRefused(lines: readonly string[]): void {
  for (const refusal of refusals)
    assert.ok(
      lines.some(line => refusal.test(line)),
      `${refusal} is not in\n${lines.join('\n')}`,
    )
}

/** A signal has nobody to answer: the log says it all. */
async function refusedBySignal(tree: Tree): Promise<{ readonly error: string; readonly problems: string[] }> {
  const since = tree.lines.length
  tree.signal('SIGHUP')
  const { error } = await tree.waitForEvent('reload.refused', {}, { since })
  return { error: String(error), problems: loggedProblems(tree, since) }
}

function configure(tree: Tree, config: object): void {
  writeFileSync(join(tree.dir, 'saola.config.json'), JSON.stringify(config))
}

function loggedProblems(tree: Tree, since = 0): string[] {
  const isNew = new Set(tree.lines.slice(since))
  return [...isNew].flatMap(line => (line.includes('"config.problem"') ? String(JSON.parse(line).message) : [])).sort()
}

function identity({ pid, generation, state }: { pid: number | undefined; generation: number; state: string }): object {
  return { pid, generation, state }
}
