/** `saola init` in projects of each kind: what it writes is right, starts, and is written once. */
import assert from 'node:assert/strict'
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { request } from './support/http-connection.ts'
import { makeProject, runSaola } from './support/saola-command.ts'
import { spawnTree, type Tree } from './support/tree.ts'

const manifest = (value: object) => `${JSON.stringify(value, undefined, 2)}\n`
const listens = (factory: string) => `${factory}.listen(3000)`

interface Kind {
  readonly files: Readonly<Record<string, string>>
  readonly packages?: readonly string[]
  /** The line about the application. */
  readonly found: RegExp
  /** What has to be done before it can be checked. */
  readonly build?: (dir: string) => void
}

const kinds: Readonly<Record<string, Kind>> = {
  'Express in CommonJS, started by a script': {
    files: {
      'package.json': manifest({ name: 'shop', scripts: { start: 'node server' }, dependencies: { express: '5' } }),
      'server.js': `const app = require('express')()\napp.get('/', (_, response) => response.send('served'))\n${listens('app')}`,
    },
    packages: ['express'],
    found: /^The application is \.\/server\.js \(scripts\.start\)\.$/m,
  },
  'TypeScript in src, of a module, without scripts': {
    files: {
      'package.json': manifest({ name: '@me/shop', type: 'module', main: 'index.js' }),
      'src/server.ts': 'export default { fetch: (): Response => new Response("served") }',
    },
    found: /^The application is \.\/src\/server\.ts \(its name\)\.$/m,
  },
  'Fastify, the main file': {
    files: {
      'package.json': manifest({ name: 'shop', main: 'start.mjs', dependencies: { fastify: '5' } }),
      'start.mjs': "import fastify from 'fastify'\nexport default fastify().get('/', () => 'served')",
    },
    packages: ['fastify'],
    found: /^The application is \.\/start\.mjs \(main of package\.json\)\.$/m,
  },
  'Hono that is built': {
    files: {
      'package.json': manifest({
        name: 'shop',
        type: 'module',
        scripts: { dev: 'node --watch src/index.ts', build: 'tsc', start: 'node dist/index.js' },
      }),
      'src/index.ts':
        "import { Hono } from 'hono'\nexport default new Hono().get('/', (c): Response => c.text('served'))",
    },
    packages: ['hono'],
    found: /^The application is \.\/dist\/index\.js \(scripts\.start\)\.$/m,
    build(dir) {
      mkdirSync(join(dir, 'dist'))
      const source = readFileSync(join(dir, 'src', 'index.ts'), 'utf8')
      writeFileSync(join(dir, 'dist', 'index.js'), source.replace(': Response', ''))
    },
  },
  'an application of the Express generator': {
    files: {
      'package.json': manifest({ name: 'shop', scripts: { start: 'node ./bin/www' } }),
      'bin/www': "#!/usr/bin/env node\nrequire('http').createServer(require('../app')).listen(3000)",
      'app.js': "module.exports = (_, response) => response.end('served')",
    },
    found: /^The application is \.\/bin\/www \(scripts\.start\)\.$/m,
  },
  'a file, and nothing else': {
    files: { 'index.mjs': 'export default (_, response) => response.end("served")' },
    found: /^The application is \.\/index\.mjs \(its name\)\.$/m,
  },
}

/** Without what a test puts there. */
function textsIn(dir: string): Record<string, string> {
  const paths = readdirSync(dir, { recursive: true, encoding: 'utf8' })
  const own = paths.filter(path => !path.startsWith('node_modules') && !path.startsWith('.saola'))
  return Object.fromEntries(
    own.flatMap(path => (statSync(join(dir, path)).isFile() ? [[path, readFileSync(join(dir, path), 'utf8')]] : [])),
  )
}

async function serves(t: TestContext, dir: string, text: RegExp): Promise<Tree> {
  const tree = spawnTree(t, { dir, app: false, env: { PORT: '0', WEB_CONCURRENCY: '1' } })
  await tree.waitForEvent('tree.ready')
  const { body } = await request(`http://127.0.0.1:${/:(\d+)$/.exec(tree.listen[0] ?? '')?.[1]}`)
  assert.match(String(body), text)
  assert.equal((await tree.stop()).code, 0)
  return tree
}

for (const [kind, { files, packages = [], found, build }] of Object.entries(kinds)) {
  test(`${kind}: init finds it, the result is right, and it serves`, async t => {
    const dir = makeProject(t, { files, packages })
    const { code, stdout, stderr } = runSaola(dir, ['init'])
    assert.equal(code, 0, stderr)
    assert.match(stdout, found)
    assert.match(stdout, /^wrote saola\.config\.ts\nwrote \.gitignore\n/)
    build?.(dir)
    const written = textsIn(dir)
    for (const [path, text] of Object.entries(files)) {
      if (path !== 'package.json') assert.equal(written[path], text)
    }
    const tree = await serves(t, dir, /^served$/)
    assert.deepEqual(tree.events('config.warning'), [])
  })
}

test('a dry run writes nothing, what is written is right, and a second time changes nothing', t => {
  for (const kind of ['Express in CommonJS, started by a script', 'a file, and nothing else']) {
    const { files, packages = [] } = kinds[kind] ?? assert.fail()
    const dir = makeProject(t, { files, packages })
    const planned = runSaola(dir, ['init', '--dry-run'])
    assert.deepEqual([planned.code, textsIn(dir)], [0, files], 'nothing is written yet')
    assert.equal(runSaola(dir, ['init']).code, 0)
    assert.equal(runSaola(dir, ['check']).stderr, '')
    const before = textsIn(dir)
    const again = runSaola(dir, ['init'])
    assert.match(
      again.stdout,
      /^kept saola\.config\.ts \(is as it would be written\)\nkept \.gitignore \(has \.saola\//,
    )
    assert.deepEqual(textsIn(dir), before)
  }
})

test('a project that is built is developed from its sources', async t => {
  const { files, packages = [] } = kinds['Hono that is built'] ?? assert.fail()
  const dir = makeProject(t, { files, packages })
  assert.match(runSaola(dir, ['init']).stdout, /^Next: npm run build, npx saola check, npx saola dev$/m)
  assert.match(runSaola(dir, ['check']).stderr, /dist\/index\.js.* does not exist/)
  const tree = spawnTree(t, { dir, app: false, command: 'dev', env: { PORT: '0' } })
  await tree.waitForEvent('tree.ready')
  assert.match(tree.lines.join('\n'), /src\/index\.ts/)
})

test('an empty folder gets an application to begin with', async t => {
  const dir = makeProject(t, { files: {} })
  const { code, stdout, stderr } = runSaola(dir, ['init'])
  assert.equal(code, 0)
  assert.match(stdout, /^wrote app\.ts\nwrote saola\.config\.ts\nwrote \.gitignore\n/)
  assert.match(stderr, /There is no package\.json here/)
  await serves(t, dir, /^Hello from Saola, at \/$/)
})

test('what somebody has written is replaced only when that is forced', t => {
  const own = {
    'package.json':
      '{\r\n    "name": "shop",\r\n    "files": ["a", "b"],\r\n    "scripts": { "start": "node app.js", "dev": "x" }\r\n}',
    '.gitignore': 'dist\n.env',
    'app.js': '',
    'other.js': '',
    'saola.config.ts': '// mine\n',
  }
  const dir = makeProject(t, { files: own })
  const { code, stdout, stderr } = runSaola(dir, ['init'])
  assert.equal(code, 0, stderr)
  assert.match(
    stdout,
    /^kept saola\.config\.ts \(is there already; --force replaces it\)\nchanged \.gitignore \(has now \.saola\/, \.env\.local\)\nchanged package\.json/,
  )
  const texts = textsIn(dir)
  assert.equal(texts['saola.config.ts'], '// mine\n')
  assert.equal(texts['.gitignore'], 'dist\n.env\n.saola/\n.env.local\n')
  const members = '"start": "node app.js", "dev": "x", "saola:start": "saola start", "saola:dev": "saola dev"'
  const dependencies = ',\r\n    "dependencies": {\r\n        "saola": "^0.1.0"\r\n    }\r\n}'
  assert.equal(
    texts['package.json'],
    own['package.json'].replace('"start": "node app.js", "dev": "x"', members).replace(/\r\n\}$/, dependencies),
  )
  assert.match(stderr, /scripts\.start does something else and stays; "npm run saola:start" runs Saola\./)

  assert.match(runSaola(dir, ['init', '--force', '--app', 'other.js']).stdout, /^replaced saola\.config\.ts$/m)
  assert.match(textsIn(dir)['saola.config.ts'] ?? '', /app: '\.\/other\.js'/)

  // One of another name would be the second of the folder.
  rmSync(join(dir, 'saola.config.ts'))
  writeFileSync(join(dir, 'saola.config.json'), '{}')
  assert.match(runSaola(dir, ['init', '--force']).stdout, /^kept saola\.config\.json \(is the configuration\)$/m)
  assert.ok(!existsSync(join(dir, 'saola.config.ts')))
})

test('a configuration elsewhere is kept, and its files are for it', t => {
  const config = "export default { name: 'odd', apps: { web: { app: '../app.js' } } }"
  const dir = makeProject(t, { files: { 'app.js': '', 'conf/x.mjs': config } })
  assert.match(runSaola(dir, ['init', '-c', 'conf/x.mjs']).stdout, /^kept conf\/x\.mjs \(is the configuration\)$/m)
  assert.equal(runSaola(dir, ['init', 'systemd', '-c', 'conf/x.mjs', '--dir', 'units']).code, 0)
  const { 'units/odd.service': unit = '', ...others } = textsIn(dir)
  assert.match(unit, / start -c conf\/x\.mjs$/m)
  assert.ok(unit.includes(`\nReadWritePaths=-${dir}/conf/.saola\n`), unit)
  assert.deepEqual(Object.keys(others).sort(), ['.gitignore', 'app.js', 'conf/x.mjs', 'units/odd.socket'])
})

test('a project of another process manager is told of the import', t => {
  const pm2 = makeProject(t, {
    files: { 'ecosystem.config.cjs': "module.exports = { apps: [{ script: 'app.js' }] }", 'app.js': '' },
  })
  assert.match(
    runSaola(pm2, ['init']).stderr,
    /ecosystem\.config\.cjs is here: "saola import pm2 ecosystem\.config\.cjs --force"/,
  )
  const imported = runSaola(pm2, ['import', 'pm2', 'ecosystem.config.cjs', '--force'])
  assert.equal(imported.code, 0, imported.stderr)
  const python = makeProject(t, { files: { 'gunicorn.conf.py': '', 'app.py': '' } })
  const { code, stderr } = runSaola(python, ['init'])
  assert.equal(code, 2)
  assert.match(
    stderr,
    /^saola: gunicorn\.conf\.py is here, and nothing that looks like an application of Node\. Run "saola import gunicorn/,
  )
  assert.deepEqual(Object.keys(textsIn(python)).sort(), ['app.py', 'gunicorn.conf.py'])
})

test('what cannot be is said in one line', t => {
  const dir = makeProject(t, { files: { 'package.json': '{ "name": ' } })
  const lines = (...args: string[]) => said(2, args)
  const said = (expected: number, args: readonly string[]) => {
    const { code, stderr } = runSaola(dir, ['init', ...args])
    assert.equal(code, expected)
    assert.equal(stderr.trimEnd().split('\n').length, 1, stderr)
    return stderr
  }
  assert.match(lines(), /^saola: .*\/package\.json is no JSON \(.*\[ERR_USAGE\]/)
  assert.match(lines('kubernetes'), /'kubernetes' is invalid.*docker, compose, systemd/)
  rmSync(join(dir, 'package.json'))
  assert.match(lines('--app', './gone.ts'), /^saola: --app expected a file, got "\.\/gone\.ts"/)
  assert.match(said(1, ['-c', 'gone.ts']), /^saola: Cannot load the configuration .*\/gone\.ts \(no such file\)/)
  // A file stands where a folder should be.
  writeFileSync(join(dir, 'deploy'), '')
  writeFileSync(join(dir, 'app.js'), '')
  const { code, stderr } = runSaola(dir, ['init', 'systemd'])
  assert.equal(code, 2)
  assert.match(stderr, /Cannot (?:write|read) .*deploy\/systemd\/shop\.service/)
})
