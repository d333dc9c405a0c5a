// Who is measured, and how each one is started: as its own documentation says, for the same handler on the same Node.
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { run, start } from './processes.mjs'

const here = dirname(fileURLToPath(import.meta.url))
export const benchRoot = dirname(here)
const root = dirname(benchRoot)
const bin = name => join(benchRoot, 'node_modules', '.bin', name)
export const saolaBin = join(root, 'dist', 'bin.js')

/** Puts PM2 and Watt, which are no dependencies of Saola, into bench/node_modules. */
export async function installPeers() {
  if (existsSync(bin('pm2')) && existsSync(bin('wattpm'))) return
  console.log('Installing PM2 and Watt into bench/ (once) …')
  await run('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error', '--ignore-scripts'], { cwd: benchRoot })
}

/** A folder of its own for each run, and the environment that the candidates share. */
function workshop() {
  const dir = mkdtempSync(join(tmpdir(), 'saola-bench-'))
  return { dir, remove: () => rmSync(dir, { recursive: true, force: true }) }
}

function environment(extra) {
  // The project's Node first, for the candidates that are started through `#!/usr/bin/env node`.
  return { ...process.env, PATH: `${dirname(process.execPath)}:${process.env.PATH}`, NODE_ENV: 'production', ...extra }
}

/** Restricts a command to some cores where that can be done. */
export function pinned(cores, command, args) {
  return cores === undefined || !existsSync('/usr/bin/taskset')
    ? [command, args]
    : ['taskset', ['-c', cores, command, ...args]]
}

const plain = join(here, 'plain.mjs')

function startSimple(script) {
  return async ({ port, workers, cores }) => {
    const [command, args] = pinned(cores, process.execPath, [join(here, script)])
    const running = start(command, args, { env: environment({ PORT: String(port), WORKERS: String(workers) }) })
    return { pid: running.pid, stop: () => running.stop() }
  }
}

function startSaola(accessLog) {
  return async ({ port, workers, cores }) => {
    const { dir, remove } = workshop()
    const web = {
      app: join(here, 'handler.mjs'),
      listen: `127.0.0.1:${port}`,
      workers,
      accessLog: accessLog ? { file: join(dir, 'access.log'), maxBytes: 0 } : false,
    }
    writeFileSync(join(dir, 'saola.config.json'), JSON.stringify({ name: 'bench', apps: { web } }))
    const [command, args] = pinned(cores, process.execPath, [saolaBin, 'start'])
    const running = start(command, args, { cwd: dir, env: environment() })
    return {
      pid: running.pid,
      dir,
      async status() {
        return JSON.parse(await run(process.execPath, [saolaBin, 'status', '--json'], { cwd: dir, env: environment() }))
      },
      async stop() {
        await running.stop()
        remove()
      },
    }
  }
}

/** As somebody starts it who has no configuration. */
export async function startSaolaByFlags({ port, workers }) {
  const { dir, remove } = workshop()
  const args = [saolaBin, 'start', plain, '-b', `127.0.0.1:${port}`, '-w', String(workers)]
  const running = start(process.execPath, args, { cwd: dir, env: environment() })
  return {
    async stop() {
      await running.stop()
      remove()
    },
  }
}

async function startPm2({ port, workers, cores }) {
  const { dir, remove } = workshop()
  const env = environment({ PORT: String(port), PM2_HOME: join(dir, 'pm2') })
  const [command, args] = pinned(cores, bin('pm2'), ['start', plain, '-i', String(workers), '--name', 'bench'])
  await run(command, args, { env, cwd: dir })
  return {
    // It has left for the background.
    pid: Number(readFileSync(join(dir, 'pm2', 'pm2.pid'), 'utf8')),
    async stop() {
      await run(bin('pm2'), ['kill'], { env, cwd: dir }).catch(() => {})
      remove()
    },
  }
}

async function startWatt({ port, workers, cores }) {
  const { dir, remove } = workshop()
  const service = join(dir, 'web', 'main')
  mkdirSync(service, { recursive: true })
  writeFileSync(join(service, 'package.json'), JSON.stringify({ name: 'main', type: 'module', main: 'index.mjs' }))
  // Watt runs a service that exports `create()`.
  writeFileSync(
    join(service, 'index.mjs'),
    `import { createServer } from 'node:http'
import handler from ${JSON.stringify(join(here, 'handler.mjs'))}
export function create() {
  const server = createServer(handler)
  server.keepAliveTimeout = 65_000
  return server
}
`,
  )
  const nodeSchema = 'https://schemas.platformatic.dev/@platformatic/node/3.65.0.json'
  const wattSchema = 'https://schemas.platformatic.dev/wattpm/3.67.0.json'
  writeFileSync(join(service, 'watt.json'), JSON.stringify({ $schema: nodeSchema, node: { main: 'index.mjs' } }))
  const config = {
    $schema: wattSchema,
    entrypoint: 'main',
    applications: [{ id: 'main', path: './web/main', workers: { static: workers } }],
    server: { hostname: '127.0.0.1', port },
    logger: { level: 'error' },
  }
  writeFileSync(join(dir, 'watt.json'), JSON.stringify(config))
  writeFileSync(join(dir, 'package.json'), JSON.stringify({ name: 'bench', type: 'module' }))
  const { symlinkSync } = await import('node:fs')
  symlinkSync(join(benchRoot, 'node_modules'), join(dir, 'node_modules'))
  const [command, args] = pinned(cores, bin('wattpm'), ['start'])
  const running = start(command, args, { cwd: dir, env: environment() })
  return {
    async stop() {
      await running.stop()
      remove()
    },
  }
}

export const candidates = {
  'node:http': { start: startSimple('plain.mjs'), workersMax: 1 },
  'node:cluster': { start: startSimple('cluster.mjs') },
  PM2: { start: startPm2 },
  Watt: { start: startWatt },
  Saola: { start: startSaola(false) },
  'Saola, access log': { start: startSaola(true) },
}
