// Saola with an edge, and Debian's nginx: how the rows of bench/edge start them.
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { ensureSystemPackages } from '../../scripts/system-packages.mjs'
import { pinned, saolaBin } from './candidates.mjs'
import { freePort, start, untilAnswering } from './processes.mjs'

ensureSystemPackages(['bench/edge/run.mjs'])

/** Has a core of its own for what is measured, and one for those who ask. */
export const serverCore = '0'
export const loadCore = '1'
/** For servers that share the cores with those who ask. */
export const allCores = `0-${availableParallelism() - 1}`

/**
 * Runs `measure` with a folder of its own and `begin(name, start)`, which starts a server on a free port and resolves with
 * `{ name, port, pids }` when it answers; ends all of them, and removes the folder.
 */
export async function withServers(measure) {
  const dir = mkdtempSync(join(tmpdir(), 'saola-bench-'))
  // The workers of nginx may be somebody else than who has made it.
  chmodSync(dir, 0o755)
  const running = []
  const begin = async (name, startOn, { isTls = false } = {}) => {
    const port = await freePort()
    const server = await startOn(port)
    running.push(server)
    await untilAnswering(port, { isTls, everyMs: 20 })
    return { name, port, pids: [server.pid] }
  }
  try {
    return await measure({ dir, begin })
  } finally {
    for (const server of running.reverse()) await server.stop()
    rmSync(dir, { recursive: true, force: true })
  }
}

/** One application `web` in `dir`, which is made; its handler is `hello` unless `web.app` says another. `sections`: what else there is. */
export function startSaola(dir, web, cores = serverCore, sections = {}) {
  mkdirSync(dir, { recursive: true })
  writeFileSync(join(dir, 'app.mjs'), "export default (req, res) => res.end('hello')")
  const app = { app: './app.mjs', workers: 1, accessLog: false, ...web }
  writeFileSync(join(dir, 'saola.config.json'), JSON.stringify({ name: 'bench', apps: { web: app }, ...sections }))
  const path = `${dirname(process.execPath)}:${process.env.PATH}`
  const env = { ...process.env, PATH: path, NODE_ENV: 'production' }
  return start(...pinned(cores, process.execPath, [saolaBin, 'start']), { cwd: dir, env })
}

/** With the text of its `http` section, in `dir`, which is made. */
export function startNginx(dir, http, { cores = serverCore, workers = 1 } = {}) {
  mkdirSync(dir, { recursive: true })
  const file = join(dir, 'nginx.conf')
  const log = join(dir, 'error.log')
  const config = `
    ${process.getuid?.() === 0 ? 'user root;' : ''}
    daemon off; worker_processes ${workers}; pid ${dir}/nginx.pid; error_log ${log};
    events { worker_connections 4096; }
    http {
      access_log off; sendfile on; tcp_nopush on; open_file_cache max=1000; keepalive_requests 1000000000;
      default_type application/octet-stream;
      client_body_temp_path ${dir}/body; proxy_temp_path ${dir}/proxy; fastcgi_temp_path ${dir}/fastcgi;
      scgi_temp_path ${dir}/scgi; uwsgi_temp_path ${dir}/uwsgi;
      ${http}
    }`
  writeFileSync(file, config)
  return start(...pinned(cores, '/usr/sbin/nginx', ['-e', log, '-p', dir, '-c', file]))
}
