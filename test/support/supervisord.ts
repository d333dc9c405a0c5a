import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import type { ChildState } from '../../src/ipc/status.ts'
import { request } from './http-connection.ts'
import { until } from './until.ts'

/** What it tells its event listeners of a process: http://supervisord.org/events.html#process-state-event-type. */
export interface SupervisordState {
  /** Milliseconds since 1970, when the listener heard of it. */
  readonly at: number
  readonly name: string
  readonly state: ChildState
}

/**
 * Writes a line for each event, and answers as http://supervisord.org/events.html#event-listener-notification-protocol says. In Perl, which
 * is there sooner than what it listens to.
 */
const listener = String.raw`
use Time::HiRes 'time';
open my $states, '>>', $ARGV[0] or die;
$states->autoflush;
$| = 1;
print "READY\n";
while (my $header = <STDIN>) {
  my ($state, $length) = $header =~ /eventname:PROCESS_STATE_(\w+) len:(\d+)/;
  read STDIN, my $payload, $length;
  my ($name) = $payload =~ /processname:(\S+)/;
  printf $states qq({"at":%d,"name":"%s","state":"%s"}\n), time * 1000, $name, $state;
  print "RESULT 2\nOKREADY\n";
}`

/**
 * A supervisord of Debian's package `supervisor`, with a listener to the states of its processes. Its programs, sections by name, are to
 * be added, since it would start all in one turn of its loop and listen to nobody until it is through.
 */
export async function startSupervisord(
  t: TestContext,
  programs: Readonly<Record<string, string>>,
): Promise<Supervisord> {
  const dir = mkdtempSync(join(tmpdir(), 'saola-supervisord-'))
  writeFileSync(join(dir, 'listener.pl'), listener)
  writeFileSync(join(dir, 'supervisord.conf'), ownSections(dir))
  const command = ['--pdeathsig', 'KILL', 'supervisord', '-c', join(dir, 'supervisord.conf')]
  const child = spawn('setpriv', command, { cwd: dir, stdio: 'ignore' })
  const supervisord = new Supervisord(dir, child)
  t.after(async () => {
    await supervisord.stop()
    rmSync(dir, { recursive: true, force: true, maxRetries: 10, retryDelay: 20 })
  })
  const isListening = () => supervisord.allStates().some(({ state }) => state === 'RUNNING')
  await until('supervisord tells of its listener', isListening)
  const sections = Object.entries(programs).map(([name, section]) => `[program:${name}]\n${section}\n`)
  writeFileSync(join(dir, 'programs.conf'), sections.join(''))
  await supervisord.call('reloadConfig')
  return supervisord
}

function ownSections(dir: string): string {
  return `
[supervisord]
nodaemon=true
logfile=${dir}/log
pidfile=${dir}/pid
childlogdir=${dir}
[unix_http_server]
file=${dir}/control.sock
[rpcinterface:supervisor]
supervisor.rpcinterface_factory=supervisor.rpcinterface:make_main_rpcinterface
[eventlistener:listener]
command=perl ${dir}/listener.pl ${dir}/states
events=PROCESS_STATE
buffer_size=1000
startsecs=0
[include]
files=${dir}/programs.conf
`
}

export class Supervisord {
  readonly dir: string
  readonly #child: ChildProcess

  constructor(dir: string, child: ChildProcess) {
    this.dir = dir
    this.#child = child
  }

  /** What it has told until now, but of the listener itself. */
  states(): SupervisordState[] {
    return this.allStates().filter(({ name }) => name !== 'listener')
  }

  allStates(): SupervisordState[] {
    const file = join(this.dir, 'states')
    if (!existsSync(file)) return []
    const lines = readFileSync(file, 'utf8').split('\n').slice(0, -1)
    return lines.map(line => JSON.parse(line) as SupervisordState)
  }

  /** Adds one of its programs, which starts, if it does so by itself. */
  add(name: string): Promise<void> {
    return this.#post('supervisor.addProcessGroup', [`<string>${name}</string>`])
  }

  /** Calls a method of http://supervisord.org/api.html. What it refuses, it refuses. */
  call(method: 'reloadConfig'): Promise<void>
  call(method: 'startProcess' | 'stopProcess', name: string, waits: boolean): Promise<void>
  call(method: string, name?: string, waits?: boolean): Promise<void> {
    const values = name === undefined ? [] : [`<string>${name}</string>`, `<boolean>${Number(waits)}</boolean>`]
    return this.#post(`supervisor.${method}`, values)
  }

  async #post(method: string, values: readonly string[]): Promise<void> {
    const params = values.map(value => `<param><value>${value}</value></param>`).join('')
    const body = `<methodCall><methodName>${method}</methodName><params>${params}</params></methodCall>`
    const { status } = await request(`unix:${join(this.dir, 'control.sock')}`, { method: 'POST', path: '/RPC2', body })
    if (status !== 200) throw new Error(`supervisord answered ${status} to ${method}`)
  }

  /** Ends it with all its processes. */
  async stop(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return
    const ended = once(this.#child, 'exit')
    // It would end one program a turn of its loop.
    await this.#post('supervisor.stopAllProcesses', ['<boolean>0</boolean>']).catch(() => {})
    this.#child.kill('SIGTERM')
    await ended
  }
}
