import assert from 'node:assert/strict'
import { readdirSync, writeFileSync } from 'node:fs'
import { test } from 'node:test'
import { makeProject, runSaola } from './support/saola-command.ts'

const good = { name: 'shop', apps: { web: { app: './app.ts', listen: '127.0.0.1:0', workers: 1 } } }
const files = {
  'app.ts': `export default { fetch: () => new Response('hello') }`,
  'saola.config.json': JSON.stringify(good),
}
const bad = {
  name: 'shop',
  aps: {},
  apps: { web: { app: './ap.ts', listen: '127.0.0.1:99999', wrokers: 2, timeout: 'soon', balance: 'fair' } },
}

test('every problem of a configuration is listed at once, and nothing is started or changed', t => {
  const dir = makeProject(t, { files: { ...files, 'bad.json': JSON.stringify(bad) } })
  const { code, stdout, stderr } = runSaola(dir, ['check', '-c', 'bad.json'])
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

  const json = runSaola(dir, ['check', '-c', 'bad.json', '--json'])
  assert.equal(json.code, 1)
  const answer = JSON.parse(json.stdout)
  assert.equal(answer.ok, false)
  assert.equal(answer.problems.length, 6)

  const start = runSaola(dir, ['start', '-c', 'bad.json'])
  assert.deepEqual([start.code, start.stdout], [1, ''])
  assert.equal(start.stderr, stderr)
  assert.deepEqual(readdirSync(dir).sort(), ['app.ts', 'bad.json', 'node_modules', 'saola.config.json'])
})

test('a folder of tasks that is not there is a problem', t => {
  const config = { ...good, tasks: { dir: './task' } }
  const all = { ...files, 'tasks/mail.ts': '', 'bad.json': JSON.stringify(config) }
  const { code, stderr } = runSaola(makeProject(t, { files: all }), ['check', '-c', 'bad.json'])
  assert.equal(code, 1)
  assert.match(
    stderr,
    /\n {2}tasks\.dir expected a folder, got ".\/task" \(.* does not exist\), did you mean tasks\?\n/,
  )
})

test('a configuration without problems is right, with a warning for what has no effect', t => {
  const dir = makeProject(t, { files })
  assert.deepEqual(runSaola(dir, ['check']), {
    code: 0,
    stdout: 'saola.config.json is right: shop serves the application web.\n',
    stderr: '',
  })
  const json = runSaola(dir, ['check', '--json'])
  assert.deepEqual(JSON.parse(json.stdout), {
    ok: true,
    file: `${dir}/saola.config.json`,
    problems: [],
    warnings: [],
  })
})

test('files and folders that the edge needs are looked at, from the folder of the configuration', t => {
  const edge = {
    access: [{ path: '/staff', basic: { file: './users' } }],
    errorPages: { '5xx': './errors/50x.html' },
    rateLimit: [{ rate: '5/s', key: { module: './key.ts' } }],
    static: { '/media': './media' },
  }
  const withEdge = (section: object) => JSON.stringify({ ...good, apps: { web: { ...good.apps.web, edge: section } } })
  const dir = makeProject(t, {
    files: { ...files, 'key.ts': 'export default () => "a"', 'edge.json': withEdge(edge) },
  })
  const { code, stderr } = runSaola(dir, ['check', '-c', 'edge.json'])
  assert.deepEqual(
    [code, ...stderr.trimEnd().split('\n').slice(1)],
    [
      1,
      `  apps.web.edge.access[0].basic.file expected a file of users, got "${dir}/users" (it does not exist).`,
      `  apps.web.edge.errorPages.5xx expected a page, got "${dir}/errors/50x.html" (it does not exist).`,
    ],
  )
  const start = runSaola(dir, ['start', '-c', 'edge.json'])
  assert.deepEqual([start.code, start.stdout, start.stderr], [1, '', stderr])
  // Nothing is wrong with a folder that comes later.
  writeFileSync(`${dir}/later.json`, withEdge({ static: edge.static, rateLimit: edge.rateLimit }))
  const later = runSaola(dir, ['check', '-c', 'later.json'])
  assert.deepEqual(
    [later.code, later.stdout.split('\n')[0]],
    [0, `warning: apps.web.edge.static["/media"].dir expected a folder, got "${dir}/media" (it does not exist).`],
  )
})

test('without a file, the command line itself is checked', t => {
  const dir = makeProject(t, { files: { 'app.ts': files['app.ts'] } })
  assert.equal(runSaola(dir, ['check', './app.ts', '-w', '2']).code, 0)
  const { code, stderr } = runSaola(dir, ['check', './app.ts', '-w', 'two', '-b', 'nowhere'])
  assert.equal(code, 1)
  assert.match(stderr, /has 2 problems/)
})
