// `npm start`: installs and builds what is missing, then serves the example application on every core.
// Arguments after `--` go to `saola start`: `npm start -- -w 4`.
import { spawn, spawnSync } from 'node:child_process'
import { closeSync, openSync } from 'node:fs'
import { constants } from 'node:os'
import { build, install, node, root, saola } from './setup.mjs'

const application = 'examples/hello/app.ts'
const address = '127.0.0.1:8000'
const dashboard = '127.0.0.1:8001'

// npm passes Ctrl-C on although the terminal has sent it to us as well. Two presses of a hand are further apart.
const samePressMs = 250

const signals = ['SIGINT', 'SIGTERM', 'SIGQUIT', 'SIGHUP', 'SIGUSR1', 'SIGUSR2', 'SIGTTIN', 'SIGTTOU', 'SIGWINCH']

install()
build()
serve(process.argv.slice(2))

function serve(extra) {
  const isBound = extra.some(argument => /^(-b|--bind(=|$))/.test(argument))
  const bind = isBound ? [] : ['-b', address]
  // In a process group of its own, so that what a terminal sends to all of its foreground comes here only, once.
  // At a terminal the tree introduces itself; into a file or a pipe it writes events.
  if (!process.stdout.isTTY) introduce(isBound ? '' : ` at http://${address}`)
  const [command, ...args] = [...untilWeDie(), node, saola, 'start', application, ...bind, ...extra]
  const child = spawn(command, args, {
    cwd: root,
    stdio: ['ignore', 'inherit', 'inherit'],
    detached: true,
    env: { SAOLA_DASHBOARD_LISTEN: dashboard, ...process.env },
  })
  if (!process.stdout.isTTY) introduceDashboard(child, extra)
  const forward = forwarder(signal => child.kill(signal))
  for (const signal of signals) process.on(signal, forward)
  child.on('error', error => {
    console.error(`${node} could not be started: ${error.message}.`)
    process.exitCode = 1
  })
  child.on('exit', (code, signal) => process.exit(code ?? 128 + constants.signals[signal]))
}

function introduce(where) {
  console.log(`
Serving ${application} on every core${where}

  stop     Ctrl-C, or: npx saola stop
  reload   npx saola reload
  look     npx saola status, npx saola top
`)
}

/** The tree writes no address that signs in into its log: it is asked for one when it is up. */
function introduceDashboard(child, extra, triesLeft = 60) {
  if (triesLeft === 0 || child.exitCode !== null) return
  const at = extra.indexOf('--name')
  const choice = at < 0 ? [] : extra.slice(at, at + 2)
  const asked = spawn(node, [saola, 'dashboard', ...choice], { cwd: root, stdio: ['ignore', 'pipe', 'ignore'] })
  let url = ''
  asked.stdout.setEncoding('utf8').on('data', text => {
    url += text
  })
  asked.on('close', code => {
    if (code === 0) console.log(`\nThe dashboard (signs in once; the next: npx saola dashboard):\n\n  ${url.trim()}\n`)
    else setTimeout(() => introduceDashboard(child, extra, triesLeft - 1), 500).unref()
  })
}

/** On Linux, words before a command that end it with this process, even when this one is killed and can pass on nothing. */
function untilWeDie() {
  const words = ['setpriv', '--pdeathsig', 'TERM']
  return spawnSync(words[0], [...words.slice(1), 'true']).status === 0 ? words : []
}

/** Passes each signal on as it is meant: a terminal sends some of them for reasons of its own. */
function forwarder(send) {
  const hadTerminal = hasTerminal()
  let interruptedAtMs = Number.NEGATIVE_INFINITY
  return signal => {
    if (signal === 'SIGINT') {
      const nowMs = performance.now()
      if (hadTerminal && nowMs - interruptedAtMs < samePressMs) return
      interruptedAtMs = nowMs
    }
    // The window changed its size: nobody asked to drain the workers.
    if (signal === 'SIGWINCH' && hadTerminal) return
    // The window was closed: nobody asked for a reload either, and a server that nobody sees should end.
    send(signal === 'SIGHUP' && hadTerminal && !hasTerminal() ? 'SIGTERM' : signal)
  }
}

function hasTerminal() {
  try {
    closeSync(openSync('/dev/tty'))
    return true
  } catch {
    return false
  }
}
