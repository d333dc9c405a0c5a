/** Starts a command that knows nothing of Saola: no channel, no watch pipe, only what its author may expect. */
import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs'
import { constants, tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { takePipe } from './pipes.ts'

/** What a program, a cron command or a probe is started with. */
export interface ProgramLaunch {
  /** The command and its arguments, as they are: nothing in them is split or expanded any more. */
  readonly argv: readonly string[]
  readonly cwd: string
  readonly env: NodeJS.ProcessEnv
  readonly uid: number | undefined
  readonly gid: number | undefined
  readonly umask: number | undefined
  readonly stdin: 'closed' | { readonly text: string } | { readonly file: string }
  /** Stderr goes where stdout goes, in the order in which it is written. */
  readonly mergesStderr: boolean
  /** Sockets that it inherits from fd 3 on, as systemd passes them (sd_listen_fds(3)). */
  readonly sockets: readonly { readonly fd: number; readonly name: string }[]
  /** It is a process of ours, and has Node's channel behind its sockets: it hears when this process is gone. */
  readonly hasChannel?: boolean
}

export interface SpawnedProgram {
  /** Without a `pid` when it could not be started. */
  readonly child: ChildProcess
  readonly stdout: Readable
  /** Ends at once when it is merged. */
  readonly stderr: Readable
}

/**
 * Starts it in a process group of its own.
 *
 * What Node cannot set itself (the umask, its own process id in LISTEN_PID, a stderr that shares a pair of sockets) is done by a shell that then becomes the program: it
 * keeps the process id, and no word of the command is ever parsed by it.
 *
 * @throws when its file for stdin cannot be opened, its arguments are too long (E2BIG) or its user is forbidden (EPERM). What
 *   cannot be started otherwise has no `pid`.
 */
export function spawnProgram(launch: ProgramLaunch): SpawnedProgram {
  const { cwd, env, uid, gid, mergesStderr, sockets, hasChannel = false } = launch
  const input = openInput(launch.stdin)
  const output = takePipe()
  const errors = mergesStderr ? output : takePipe()
  const [command = '', ...args] = prepared(launch, mergesStderr && !output)
  // Made before the process is: who cannot have one closes them again.
  const stdoutEnd = output?.read()
  const stderrEnd = errors === output ? undefined : errors?.read()
  try {
    const child = spawn(command, args, {
      cwd,
      env: sockets.length === 0 ? env : { ...env, ...listenVariables(sockets) },
      stdio: [
        input ?? 'ignore',
        output?.write ?? 'pipe',
        errors?.write ?? 'pipe',
        ...sockets.map(({ fd }) => fd),
        ...(hasChannel ? (['ipc'] as const) : []),
      ],
      // A group of its own: a Ctrl-C in the terminal reaches the supervisor alone, and a kill reaches all that it starts.
      detached: true,
      ...(uid === undefined ? {} : { uid }),
      ...(gid === undefined ? {} : { gid }),
    })
    // Without a listener, the failure of a start would be one of this process.
    child.on('error', () => {})
    const stdout = stdoutEnd ?? child.stdout ?? Readable.from([])
    const stderr = stderrEnd ?? child.stderr ?? Readable.from([])
    return { child, stdout, stderr }
  } catch (error) {
    stdoutEnd?.destroy()
    stderrEnd?.destroy()
    throw error
  } finally {
    for (const fd of new Set([input, output?.write, errors?.write])) if (fd !== undefined) closeSync(fd)
  }
}

/** What it reads: a file, or one that nobody else can find. */
function openInput(stdin: ProgramLaunch['stdin']): number | undefined {
  if (stdin === 'closed') return undefined
  if ('file' in stdin) return openSync(stdin.file, 'r')
  const folder = mkdtempSync(join(tmpdir(), 'saola-'))
  try {
    const file = join(folder, 'stdin')
    writeFileSync(file, stdin.text, { mode: 0o600 })
    return openSync(file, 'r')
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

function prepared({ argv, umask, sockets }: ProgramLaunch, joinsStderr: boolean): readonly string[] {
  const steps = [
    ...(umask === undefined ? [] : [`umask ${umask.toString(8).padStart(3, '0')}`]),
    ...(sockets.length === 0 ? [] : ['export LISTEN_PID=$$']),
    ...(joinsStderr ? ['exec 2>&1'] : []),
  ]
  return steps.length === 0 ? argv : ['/bin/sh', '-c', `${steps.join('; ')}; exec "$@"`, 'sh', ...argv]
}

function listenVariables(sockets: ProgramLaunch['sockets']): Record<string, string> {
  return { LISTEN_FDS: String(sockets.length), LISTEN_FDNAMES: sockets.map(({ name }) => name).join(':') }
}

/** Ends a process group, as far as it is still there. Whether it was. */
export function signalGroup(pid: number, signal: NodeJS.Signals | 0): boolean {
  try {
    process.kill(-pid, signal)
    return true
  } catch {
    // ESRCH: the whole group is gone. EPERM cannot be: whoever may start a group may end it.
    return false
  }
}

/** The shell's number for an end by a signal: 128 and the signal's own. */
export function exitCodeOf(code: number | null, signal: NodeJS.Signals | null): number {
  return code ?? 128 + (signal === null ? 0 : (constants.signals[signal] ?? 0))
}
