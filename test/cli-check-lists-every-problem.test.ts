import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { test } from 'node:test'
import { startTree } from './support/tree.ts'

const files = { 'app.ts': `export default { fetch: () => new Response('hello') }` }
const good = { name: 'shop', apps: { web: { app: './app.ts', listen: '127.0.0.1:0', workers: 1 } } }
const bad = {
  name: 'shop',
  aps: {},
  apps: { web: { app: './ap.ts', listen: '127.0.0.1:99999', wrokers: 2, timeout: 'soon', balance: 'fair' } },
}

test('every problem of a configuration is listed at once, and nothing is started or changed', async t => {
  const tree = await startTree(t, { files: { ...files, 'bad.json': JSON.stringify(bad) }, config: good })
  const { code, stdout, stderr } = await tree.cli('check', '-c', 'bad.json')
  assert.deepEqual([code, stdout], [1, ''])
  const [headline = '', ...problems] = stderr.trimEnd().split('\n')
  assert.match(headline, /^saola: .*bad\.json has 6 problems\. {3}\[ERR_CONFIG_INVALID\]$/)
  assert.equal(problems.length, 6, stderr)
  const wanted = [
    /^ {2}aps is unknown, did you mean apps\?$/,
    /^ {2}apps\.web\.wrokers is unknown, did you mean apps\.web\.workers\?$/,
    /^ {2}apps\.web\.timeout expected a duration .*, got "soon"/,
    /^ {2}apps\.web\.balance expected .*, got "fair"/,
    /^ {2}apps\.web\.listen.* got "127\.0\.0\.1:99999"/,
    /^ {2}apps\.web\.app expected a file, got ".\/ap\.ts" .*, did you mean app\.ts\?$/,
  ]
  for (const pattern of wanted)
    assert.ok(
      problems.some(line => pattern.test(line)),
      `${pattern} in\n${stderr}`,
    )

  const json = await tree.cli('check', '-c', 'bad.json', '--json')
  assert.equal(json.code, 1)
  const answer = JSON.parse(json.stdout)
  assert.equal(answer.ok, false)
  assert.equal(answer.problems.length, 6)

  const start = await tree.cli('start', '-c', 'bad.json')
  assert.deepEqual([start.code, start.stdout], [1, ''])
  assert.equal(start.stderr, stderr)
})

test('a folder of tasks that is not there is a problem', async t => {
  const config = { ...good, tasks: { dir: './task' } }
  const all = { ...files, 'tasks/mail.ts': '', 'bad.json': JSON.stringify(config) }
  const tree = await startTree(t, { files: all, config: good })
  const { code, stderr } = await tree.cli('check', '-c', 'bad.json')
  assert.equal(code, 1)
  assert.match(
    stderr,
    /\n {2}tasks\.dir expected a folder, got ".\/task" \(.* does not exist\), did you mean tasks\?\n/,
  )
})

test('a configuration without problems is right, with a warning for what has no effect', async t => {
  const tree = await startTree(t, { files, config: good })
  assert.deepEqual(await tree.cli('check'), {
    code: 0,
    signal: null,
    stdout: 'saola.config.json is right: shop serves the application web.\n',
    stderr: '',
  })
  const json = await tree.cli('check', '--json')
  assert.deepEqual(JSON.parse(json.stdout), {
    ok: true,
    file: `${tree.dir}/saola.config.json`,
    problems: [],
    warnings: [],
  })
})

test('files and folders that the edge needs are looked at, from the folder of the configuration', async t => {
  const edge = {
    access: [{ path: '/staff', basic: { file: './users' } }],
    errorPages: { '5xx': './errors/50x.html' },
    rateLimit: [{ rate: '5/s', key: { module: './key.ts' } }],
    static: { '/media': './media' },
  }
  const withEdge = (section: object) => JSON.stringify({ ...good, apps: { web: { ...good.apps.web, edge: section } } })
  const tree = await startTree(t, {
    files: { ...files, 'key.ts': 'export default () => "a"', 'edge.json': withEdge(edge) },
    config: good,
  })
  const { code, stderr } = await tree.cli('check', '-c', 'edge.json')
  assert.deepEqual(
    [code, ...stderr.trimEnd().split('\n').slice(1)],
    [
      1,
      `  apps.web.edge.access[0].basic.file expected a file of users, got "${tree.dir}/users" (it does not exist).`,
      `  apps.web.edge.errorPages.5xx expected a page, got "${tree.dir}/errors/50x.html" (it does not exist).`,
    ],
  )
  const start = await tree.cli('start', '-c', 'edge.json')
  assert.deepEqual([start.code, start.stdout, start.stderr], [1, '', stderr])
  // Nothing is wrong with a folder that comes later.
  writeFileSync(`${tree.dir}/later.json`, withEdge({ static: edge.static, rateLimit: edge.rateLimit }))
  const later = await tree.cli('check', '-c', 'later.json')
  assert.deepEqual(
    [later.code, later.stdout.split('\n')[0]],
    [0, `warning: apps.web.edge.static["/media"].dir expected a folder, got "${tree.dir}/media" (it does not exist).`],
  )
})

test('without a file, the command line itself is checked', async t => {
  const tree = await startTree(t, { files, args: ['-w', '1'] })
  assert.equal((await tree.cli('check', './app.ts', '-w', '2')).code, 0)
  const { code, stderr } = await tree.cli('check', './app.ts', '-w', 'two', '-b', 'nowhere')
  assert.equal(code, 1)
  assert.match(stderr, /has 2 problems/)
})
