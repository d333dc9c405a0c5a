// Programs of the system that tests run and npm cannot bring. Installed as root on Debian; elsewhere one line says
// what is missing. Nothing is skipped in silence: with CI=true a missing program is a failure.
import { spawnSync } from 'node:child_process'
import { accessSync, constants, existsSync } from 'node:fs'
import { delimiter, isAbsolute, join } from 'node:path'

/** A module of Debian's own Python, whatever other one comes first in PATH. */
const pythonModule = name => `/usr/lib/python3/dist-packages/${name}/__init__.py`

const machine = { x64: 'x86_64', arm64: 'aarch64' }[process.arch] ?? process.arch
const fakeTime = `/usr/lib/${machine}-linux-gnu/faketime/libfaketime.so.1`

/** One row a program, or a file with its whole path: the Debian package that has it, and the test files that need it (a part of their path). */
export const systemPackages = [
  { command: 'script', debian: 'bsdutils', neededBy: 'src/supervisor/output/stdout.test.ts' },
  { command: 'script', debian: 'bsdutils', neededBy: 'test/cli-top-' },
  { command: 'script', debian: 'bsdutils', neededBy: 'test/logs-of-the-application' },
  { command: 'perl', debian: 'perl-base', neededBy: 'test/systemd-' },
  { command: 'perl', debian: 'perl-base', neededBy: 'test/operating-system-files' },
  { command: 'setpriv', debian: 'util-linux', neededBy: 'test/operating-system-' },
  { command: 'setpriv', debian: 'util-linux', neededBy: 'test/addresses-that-cannot-be-had' },
  { command: 'unshare', debian: 'util-linux', neededBy: 'test/operating-system-container' },
  { command: 'unshare', debian: 'util-linux', neededBy: 'test/logs-on-a-full-disk' },
  { command: 'systemd-notify', debian: 'systemd', neededBy: 'test/systemd-' },
  { command: 'systemd-analyze', debian: 'systemd', neededBy: 'test/init-systemd-' },
  { command: 'nsenter', debian: 'util-linux', neededBy: 'test/init-systemd-' },
  { command: 'docker-compose', debian: 'docker-compose', neededBy: 'test/init-docker-' },
  { command: '/usr/bin/python3', debian: 'python3', neededBy: 'test/init-docker-' },
  { command: '/usr/lib/python3/dist-packages/yaml/__init__.py', debian: 'python3-yaml', neededBy: 'test/init-docker-' },
  { command: 'wrk', debian: 'wrk', neededBy: 'bench/http' },
  { command: 'wrk', debian: 'wrk', neededBy: 'bench/edge' },
  { command: '/usr/sbin/nginx', debian: 'nginx-light', neededBy: 'bench/edge' },
  { command: 'h2load', debian: 'nghttp2-client', neededBy: 'bench/edge' },
  { command: 'openssl', debian: 'openssl', neededBy: 'bench/edge' },
  { command: '/usr/sbin/nginx', debian: 'nginx-light', neededBy: 'test/edge-static-answers-as-nginx' },
  { command: 'openssl', debian: 'openssl', neededBy: 'src/edge/proxy/upstream-tls' },
  { command: 'nginx', debian: 'nginx', neededBy: 'bench/edge' },
  { command: 'strace', debian: 'strace', neededBy: 'test/store-survives-power-loss' },
  { command: 'redis-server', debian: 'redis-server', neededBy: 'bench/store' },
  { command: 'redis-server', debian: 'redis-server', neededBy: 'src/store/engines/redis/' },
  { command: 'redis-server', debian: 'redis-server', neededBy: 'test/store-in-redis' },
  { command: 'redis-server', debian: 'redis-server', neededBy: 'bench/resp' },
  { command: 'redis-benchmark', debian: 'redis-tools', neededBy: 'bench/resp' },
  { command: 'redis-server', debian: 'redis-server', neededBy: 'test/store-door-knows' },
  { command: 'redis-cli', debian: 'redis-tools', neededBy: 'test/store-door-clients-redis-cli' },
  { command: pythonModule('redis'), debian: 'python3-redis', neededBy: 'test/store-door-clients-python' },
  { command: 'redis-server', debian: 'redis-server', neededBy: 'side-by-side-' },
  { command: 'redis-server', debian: 'redis-server', neededBy: 'bench/tasks' },
  { command: 'redis-server', debian: 'redis-server', neededBy: 'test/tasks-' },
  { command: 'redis-server', debian: 'redis-server', neededBy: 'src/processes/monitor-figures' },
  { command: fakeTime, debian: 'libfaketime', neededBy: 'test/tasks-clock-' },
  { command: pythonModule('celery'), debian: 'celery', neededBy: 'bench/tasks' },
  { command: pythonModule('redis'), debian: 'python3-redis', neededBy: 'bench/tasks' },
  { command: '/usr/sbin/nginx', debian: 'nginx-light', neededBy: 'test/edge-is-as-strict-as-nginx' },
  { command: 'openssl', debian: 'openssl', neededBy: 'src/edge/tls/' },
  { command: 'openssl', debian: 'openssl', neededBy: 'test/edge-tls-' },
  { command: 'openssl', debian: 'openssl', neededBy: 'test/docs-edge-tls' },
  { command: 'curl', debian: 'curl', neededBy: 'test/edge-tls-' },
  { command: 'curl', debian: 'curl', neededBy: 'test/docs-edge-tls' },
  { command: 'sslscan', debian: 'sslscan', neededBy: 'test/edge-tls-is-spoken' },
  { command: 'curl', debian: 'curl', neededBy: 'test/edge-http2' },
  { command: 'h2load', debian: 'nghttp2-client', neededBy: 'test/edge-http2' },
  { command: 'curl', debian: 'curl', neededBy: 'test/edge-serves-curl' },
  { command: 'nghttp', debian: 'nghttp2-client', neededBy: 'test/edge-serves-other' },
  { command: 'h2load', debian: 'nghttp2-client', neededBy: 'test/edge-serves-other' },
  { command: 'chromium', debian: 'chromium', neededBy: 'test/edge-serves-a-browser' },
  { command: 'curl', debian: 'curl', neededBy: 'test/examples-run' },
  { command: '/usr/bin/gunicorn', debian: 'gunicorn', neededBy: 'test/flask-example' },
  { command: pythonModule('flask'), debian: 'python3-flask', neededBy: 'test/flask-example' },
  { command: pythonModule('gevent'), debian: 'python3-gevent', neededBy: 'test/flask-example' },
  { command: pythonModule('redis'), debian: 'python3-redis', neededBy: 'test/flask-example' },
  { command: 'redis-server', debian: 'redis-server', neededBy: 'test/flask-example' },
  { command: 'chromium', debian: 'chromium', neededBy: 'test/flask-example' },
  { command: 'supervisord', debian: 'supervisor', neededBy: 'test/programs-have-supervisors-states' },
  { command: 'setpriv', debian: 'util-linux', neededBy: 'test/programs-have-supervisors-states' },
  { command: 'perl', debian: 'perl-base', neededBy: 'test/programs-have-supervisors-states' },
  { command: 'promtool', debian: 'prometheus', neededBy: 'test/metrics-' },
  { command: 'prometheus', debian: 'prometheus', neededBy: 'test/metrics-are-scraped' },
  { command: 'promtool', debian: 'prometheus', neededBy: 'test/docs-metrics-' },
]

/**
 * Installs what these test files need, where it may.
 *
 * @returns {string[]} the programs that are still missing
 */
export function ensureSystemPackages(testFiles) {
  const isNeeded = row => testFiles.some(file => file.includes(row.neededBy))
  const missing = systemPackages.filter(row => isNeeded(row) && !isOnPath(row.command))
  if (missing.length === 0) return []
  const packages = [...new Set(missing.map(row => row.debian))]
  if (process.getuid?.() === 0 && existsSync('/etc/debian_version')) installDebian(packages)
  const absent = missing.filter(row => !isOnPath(row.command))
  for (const row of absent) {
    const files = testFiles.filter(file => file.includes(row.neededBy)).join(', ')
    console.error(`${files} needs ${row.command}. Install it: "apt-get install ${row.debian}".`)
  }
  return absent.map(row => row.command)
}

function installDebian(packages) {
  console.log(`Installing ${packages.join(' ')} for the tests …`)
  const options = { stdio: ['ignore', 'ignore', 'inherit'], env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' } }
  const isUpdated = spawnSync('apt-get', ['update', '-qq'], options).status === 0
  if (isUpdated) spawnSync('apt-get', ['install', '-y', '-qq', '--no-install-recommends', ...packages], options)
}

/** Whether a command can be run by its name, or a file is there. */
function isOnPath(command) {
  if (isAbsolute(command)) return existsSync(command)
  return (process.env.PATH ?? '').split(delimiter).some(folder => {
    try {
      accessSync(join(folder, command), constants.X_OK)
      return true
    } catch {
      return false
    }
  })
}
