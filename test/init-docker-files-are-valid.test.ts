/** What `saola init docker` and `compose` write, as Docker's own tools and rules see it. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { chmodSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { makeProject, runSaola } from './support/saola-command.ts'

const manifest = (value: object = {}) =>
  `${JSON.stringify({ name: 'shop', dependencies: { saola: '^0.1.0' }, ...value }, undefined, 2)}\n`

const config = `import { env } from 'saola'
export default {
  apps: {
    web: {
      app: './dist/server.js',
      listen: ['127.0.0.1:8000'],
      ready: { path: '/healthz' },
      graceful: { timeout: '50s' },
      edge: { static: { '/assets': './public', '/media': './media', '/app': './dist/public' } },
      accessLog: { file: './logs/access.log' },
    },
  },
  store: { url: 'redis://127.0.0.1:6379', password: env('STORE_PASSWORD') },
  programs: { cache: { command: 'memcached -p 11211' }, odd: { command: ['frobnicate'] }, own: { command: './own.sh' } },
  cron: { fetch: { schedule: '@daily', command: 'curl https://example.org', stdout: { file: './out/cron.log' } } },
}`

const files = {
  'package.json': manifest({ scripts: { build: 'tsc' }, engines: { node: '>=24' } }),
  'package-lock.json': '{}',
  'saola.config.ts': config,
  'public/a.css': '',
  '.env': 'STORE_PASSWORD=geheim\n',
}

function init(t: TestContext, given: Readonly<Record<string, string>>, ...args: string[]) {
  const dir = makeProject(t, { files: given })
  const { code, stdout, stderr } = runSaola(dir, ['init', ...args])
  const read = (path: string) => readFileSync(join(dir, path), 'utf8')
  return { dir, code, stdout, stderr, read }
}

interface Instruction {
  readonly name: string
  readonly text: string
}

/** The instructions of a Dockerfile: comments left out, lines joined. */
function instructionsOf(text: string): Instruction[] {
  const lines = text.split('\n').filter(line => !line.startsWith('#') && line !== '')
  return lines
    .join('\n')
    .replace(/\\\n\s*/g, ' ')
    .split('\n')
    .map(line => ({ name: line.split(' ')[0] ?? '', text: line.slice(line.indexOf(' ') + 1) }))
}

/** What Docker would refuse, or fail at. */
function refuseWrong(text: string): void {
  const stages = new Set<string>()
  for (const { name, text: rest } of instructionsOf(text)) {
    assert.match(name, /^(?:ARG|FROM|WORKDIR|COPY|RUN|ENV|USER|VOLUME|EXPOSE|STOPSIGNAL|HEALTHCHECK|ENTRYPOINT|CMD)$/)
    const from = /^(\S+)(?: AS (\w+))?$/.exec(name === 'FROM' ? rest : '')
    if (from?.[2]) stages.add(from[2])
    if (from) assert.ok(stages.has(from[1] ?? '') || from[1] === 'node:${NODE_VERSION}-slim', rest)
    const copied = /^--from=(\w+) /.exec(name === 'COPY' ? rest : '')?.[1]
    if (copied) assert.ok(stages.has(copied), rest)
    const json = { VOLUME: rest, ENTRYPOINT: rest, CMD: rest, HEALTHCHECK: rest.replace(/^.*? CMD /, '') }[name]
    if (json !== undefined) assert.ok(JSON.parse(json).every((word: unknown) => typeof word === 'string'))
  }
}

function valuesOf(text: string, name: string): string[] {
  return instructionsOf(text).flatMap(instruction => (instruction.name === name ? [instruction.text] : []))
}

test('the Dockerfile fits the project and its configuration', t => {
  const { code, stdout, stderr, read } = init(t, files, 'docker')
  assert.equal(code, 0, stderr)
  const text = read('Dockerfile')
  refuseWrong(text)
  assert.deepEqual(valuesOf(text, 'FROM'), [
    'node:${NODE_VERSION}-slim AS packages',
    'packages AS build',
    'packages AS production',
    'node:${NODE_VERSION}-slim',
  ])
  assert.deepEqual(valuesOf(text, 'COPY'), [
    'package.json package-lock.json ./',
    '. .',
    '--from=production /app/node_modules ./node_modules',
    '--from=build /app ./',
  ])
  assert.match(text, /apt-get install -y --no-install-recommends tini curl memcached /)
  assert.match(text, /^# programs\.odd runs "frobnicate": add the package that it is in\.$/m)
  assert.deepEqual(valuesOf(text, 'USER'), ['node'])
  assert.deepEqual(valuesOf(text, 'EXPOSE'), ['8000'])
  assert.deepEqual(valuesOf(text, 'VOLUME'), ['["/app/.saola","/app/logs","/app/out","/app/media"]'])
  assert.match(valuesOf(text, 'HEALTHCHECK')[0] ?? '', /\/healthz.*status === 200/)
  assert.deepEqual(valuesOf(text, 'CMD'), ['["saola","start"]'])
  const ignored = read('.dockerignore').split('\n')
  for (const name of ['.env', '.git', '**/node_modules', '.saola', 'logs', 'dist'])
    assert.ok(ignored.includes(name), name)
  assert.match(stdout, /^Dockerfile: (?:valid|not validated) \(/m)
  assert.doesNotMatch(text + read('.dockerignore'), /geheim/)
})

test('each package manager has its own commands', t => {
  const lockFiles: Readonly<Record<string, readonly [text: string, install: RegExp, prune: RegExp]>> = {
    'package-lock.json': ['{}', / npm ci$/m, /^RUN npm prune --omit=dev$/m],
    'pnpm-lock.yaml': [
      '',
      /corepack enable$[\s\S]*pnpm install --frozen-lockfile$/m,
      /^RUN CI=true pnpm prune --prod$/m,
    ],
    'yarn.lock': ['# yarn lockfile v1\n', /yarn install --frozen-lockfile$/m, /--production --ignore-scripts/],
  }
  for (const [name, [text, install, prune]] of Object.entries(lockFiles)) {
    const { read } = init(t, { 'package.json': manifest(), [name]: text, 'app.js': '' }, 'docker')
    const written = read('Dockerfile')
    refuseWrong(written)
    assert.match(written, install)
    assert.match(written, prune)
    assert.ok(valuesOf(written, 'COPY').includes(`package.json ${name} ./`))
  }
  const berry = init(
    t,
    { 'package.json': manifest(), 'yarn.lock': '', '.yarnrc.yml': 'nodeLinker: pnp', 'app.js': '' },
    'docker',
  )
  assert.match(
    berry.read('Dockerfile'),
    /yarn install --immutable$[\s\S]*^RUN yarn workspaces focus --all --production$/m,
  )
  assert.match(berry.stderr, /nodeLinker: node-modules/)
})

test('a project whose installation needs its files has them first', t => {
  const cases: Record<string, string>[] = [
    { 'package.json': manifest({ scripts: { prepare: 'husky' } }) },
    { 'package.json': manifest({ workspaces: ['packages/*'] }) },
    { 'package.json': manifest({ dependencies: { saola: '*', mine: 'file:./mine' } }) },
    { 'package.json': manifest(), 'patches/x.patch': '' },
  ]
  for (const given of cases) {
    const { read } = init(t, { ...given, 'package-lock.json': '{}', 'app.js': '' }, 'docker')
    refuseWrong(read('Dockerfile'))
    assert.deepEqual(valuesOf(read('Dockerfile'), 'COPY'), ['. .', '--from=build /app ./'])
  }
})

test('a folder without packages, or with secrets, has an image, too', t => {
  const bare = init(t, { 'app.js': '' }, 'docker')
  refuseWrong(bare.read('Dockerfile'))
  assert.match(bare.read('Dockerfile'), /^RUN npm install --global saola@\^\d/m)
  assert.match(bare.stdout, /^wrote saola\.config\.ts$/m)
  const token = {
    'package.json': manifest(),
    'package-lock.json': '{}',
    'app.js': '',
    '.npmrc': '//r/:_authToken=geheim\n',
  }
  const secret = init(t, token, 'docker')
  assert.match(secret.stderr, /\.npmrc holds a token and is not copied/)
  assert.ok(valuesOf(secret.read('Dockerfile'), 'COPY').includes('package.json package-lock.json ./'))
  assert.ok(secret.read('.dockerignore').split('\n').includes('.npmrc'))
})

test('compose.yaml is what Compose takes, and fits the configuration', t => {
  const { dir, code, stdout, stderr, read } = init(t, files, 'compose')
  assert.equal(code, 0, stderr)
  assert.match(stdout, /^compose\.yaml: valid \((?:docker compose|docker-compose) config\)$/m)
  assert.doesNotMatch(read('compose.yaml'), /geheim/)
  const { services, volumes } = asCompose(dir)
  const { shop, valkey } = services
  assert.deepEqual([shop.init, shop.read_only], [true, true])
  assert.match(shop.stop_grace_period, /^(?:90s|1m30s)$/)
  assert.deepEqual(shop.environment, {
    PORT: '8000',
    SAOLA_STORE_PASSWORD: 'geheim',
    SAOLA_STORE_URL: 'redis://valkey:6379',
    STORE_PASSWORD: 'geheim',
  })
  assert.deepEqual(
    shop.volumes.map((volume: string | MountedVolume) => shortVolume(volume).replace(`${dir}/`, './')),
    ['store:/app/.saola', 'logs:/app/logs', 'out:/app/out', './public:/app/public:ro', 'media:/app/media'],
  )
  assert.deepEqual(Object.keys(volumes).sort(), ['logs', 'media', 'out', 'store', 'valkey'])
  assert.match(shop.healthcheck.test[3], /healthz/)
  assert.deepEqual(valkey.command, ['valkey-server', '--appendonly', 'yes', '--requirepass', 'geheim'])
})

test('compose.yaml of the least project is valid, too', t => {
  const { stdout, dir } = init(t, { 'app.js': '' }, 'compose')
  assert.match(stdout, /^compose\.yaml: valid /m)
  const { services, volumes } = asCompose(dir)
  assert.deepEqual([Object.keys(services), Object.keys(volumes)], [['shop'], ['store']])
})

interface MountedVolume {
  readonly source: string
  readonly target: string
  readonly read_only?: boolean
}

/** Older and newer Compose write it in their own ways. */
function shortVolume(volume: string | MountedVolume): string {
  if (typeof volume === 'string') return volume.replace(/:rw$/, '')
  return `${volume.source}:${volume.target}${volume.read_only ? ':ro' : ''}`
}

// biome-ignore lint/suspicious/noExplicitAny: it is what Compose has made of a file, to be looked at.
function asCompose(dir: string): any {
  const { status, stdout, stderr } = spawnSync('docker-compose', ['config'], { cwd: dir, encoding: 'utf8' })
  assert.equal(status, 0, stderr)
  const script = 'import json, sys, yaml; print(json.dumps(yaml.safe_load(sys.stdin)))'
  return JSON.parse(spawnSync('/usr/bin/python3', ['-c', script], { input: stdout, encoding: 'utf8' }).stdout)
}

test('files that are there stay, and what the tools say against them is shown', t => {
  const { dir } = init(t, { 'app.js': '', 'compose.yaml': 'services:\n  shop:\n    imag: x\n' }, 'systemd')
  const { code, stdout } = runSaola(dir, ['init', 'compose'])
  assert.match(stdout, /^kept compose\.yaml \(is there already; --force replaces it\)$/m)
  assert.match(stdout, /^compose\.yaml: wrong\n(?: {2}.*\n)* {2}.*imag/m)
  assert.equal(code, 1)
})

test('where there are no tools, it says that nothing was validated', t => {
  const dir = makeProject(t, { files: { 'app.js': '' } })
  const { code, stdout } = runSaola(dir, ['init', 'compose'], { env: { PATH: '/nowhere' } })
  assert.equal(code, 0)
  assert.match(
    stdout,
    /^Dockerfile: not validated \(there is no docker here\)\ncompose\.yaml: not validated \(there is no docker compose here\)$/m,
  )
  const units = runSaola(dir, ['init', 'systemd'], { env: { PATH: '/nowhere' } })
  assert.match(units.stdout, /^shop\.service and shop\.socket: not validated \(there is no systemd-analyze here\)$/m)
})

test('the builder of a Docker that answers is asked', t => {
  const dir = makeProject(t, { files: { 'app.js': '' } })
  const docker = join(dir, 'docker')
  writeFileSync(
    docker,
    '#!/bin/sh\necho "$*" >> docker.log\ncase "$*" in "build --check"*) echo "line 3: unknown instruction" >&2; exit 1;; esac\n',
  )
  chmodSync(docker, 0o755)
  const { code, stdout } = runSaola(dir, ['init', 'compose'], { env: { PATH: `${dir}:${process.env.PATH}` } })
  assert.equal(code, 1)
  assert.match(
    stdout,
    /^Dockerfile: wrong\n {2}line 3: unknown instruction\ncompose\.yaml: valid \(docker compose config\)$/m,
  )
  const asked = readFileSync(join(dir, 'docker.log'), 'utf8')
  assert.match(asked, /^build --check -f Dockerfile \.$/m)
  assert.match(asked, /^compose -f compose\.yaml config --quiet$/m)
})
