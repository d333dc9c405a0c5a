/** What other programs call a setting: whoever comes from them is told its name here. */

/** In a section of any kind. */
const anywhere: Readonly<Record<string, string>> = {
  gzip: 'compression',
  brotli: 'compression',
}

/** In a program, by the path below it: Supervisor, PM2, units of systemd, Compose. */
const inProgram: Readonly<Record<string, string>> = {
  args: 'command',
  autorestart: 'restart',
  directory: 'cwd',
  environment: 'env',
  error_file: 'stderr.file',
  execStart: 'command',
  exitcodes: 'successExitCodes',
  healthcheck: 'health',
  kill_timeout: 'stopTimeout',
  killasgroup: 'stopMode',
  max_memory_restart: 'recycle.memory.soft',
  max_restarts: 'startRetries',
  min_uptime: 'startSeconds',
  numprocs: 'instances',
  out_file: 'stdout.file',
  redirect_stderr: 'stderr',
  restart_delay: 'backoff.min',
  script: 'command',
  startretries: 'startRetries',
  startsecs: 'startSeconds',
  stderr_logfile: 'stderr.file',
  stdout_logfile: 'stdout.file',
  stopasgroup: 'stopMode',
  stopsignal: 'stopSignal',
  stopwaitsecs: 'stopTimeout',
  workers: 'instances',
  workingDirectory: 'cwd',
  working_dir: 'cwd',
}

/** The name that a key of another program has here; the key itself when none is known. */
export function nameHere(key: string): string {
  return (Object.hasOwn(anywhere, key) ? anywhere[key] : undefined) ?? key
}

/** The place that a key of another program has here, when it stands directly in a program. */
export function placeHere(key: string, above: readonly PropertyKey[]): string[] | undefined {
  const isProgram = above.length === 2 && above[0] === 'programs'
  return isProgram && Object.hasOwn(inProgram, key) ? inProgram[key]?.split('.') : undefined
}
