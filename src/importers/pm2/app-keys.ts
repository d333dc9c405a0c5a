/** Every key that an application of PM2 may have, with its other names, and what there is nothing for. */

import { lookUp } from '../look-up.ts'

/** Other names than those in camel case, which each key has, too. */
const aliases: Readonly<Record<string, string>> = {
  exec: 'script',
  cmd: 'script',
  command: 'script',
  interpreter: 'exec_interpreter',
  interpreterArgs: 'node_args',
  interpreter_args: 'node_args',
  out: 'out_file',
  output: 'out_file',
  out_log: 'out_file',
  error: 'error_file',
  err: 'error_file',
  err_file: 'error_file',
  err_log: 'error_file',
  log: 'log_file',
  pid: 'pid_file',
  cron: 'cron_restart',
  combine_logs: 'merge_logs',
  user: 'uid',
}

/** Keys that something is made of. */
export const readKeys = [
  ...['script', 'name', 'cwd', 'args', 'exec_interpreter', 'node_args', 'exec_mode', 'instances', 'env', 'port'],
  ...[
    'out_file',
    'error_file',
    'log_file',
    'merge_logs',
    'disable_logs',
    'max_memory_restart',
    'min_uptime',
    'uid',
    'gid',
  ],
  ...['max_restarts', 'restart_delay', 'exp_backoff_restart_delay', 'autorestart', 'autostart', 'stop_exit_codes'],
  ...['cron_restart', 'kill_timeout', 'listen_timeout', 'wait_ready', 'increment_var', 'instance_var', 'treekill'],
  ...['source_map_support', 'execute_command'],
]

const watching = '"saola dev" starts again when a file changes; in production "saola reload" does, and loses no request'
const tracing = 'Saola measures nothing inside of an application'

/** What nothing is made of, and why; an empty text where nothing is needed. */
export const missingKeys: Readonly<Record<string, string>> = {
  watch: watching,
  ignore_watch: watching,
  watch_delay: watching,
  watch_options: watching,
  namespace: 'there are no groups of programs: each has a name',
  pid_file: '"saola status" says the process ids; pidFile is that of the supervisor',
  log_date_format: "Saola's own output has the time of each line, and a file has what the program writes",
  time: "Saola's own output has the time of each line, and a file has what the program writes",
  log_type: 'log.format is "json" for Saola\'s own output',
  shutdown_with_message:
    'a worker hears of its end by onShutdown() of saola/app, or by its listeners of SIGTERM and SIGINT',
  filter_env: 'a process has the environment of Saola: start Saola without what it must not see',
  append_env_to_name: 'a name does not depend on the environment',
  name_prefix: 'write the prefix into the name',
  post_update: 'what is to be done at a deploy stands before "saola reload" in its script',
  disable_source_map_support: 'Node reads source maps only with --enable-source-maps',
  trace: tracing,
  disable_trace: '',
  v8: tracing,
  event_loop_inspector: tracing,
  deep_monitoring: tracing,
  io: tracing,
  pmx: '',
  automation: '',
  vizion: '',
  force: '',
  write: '',
  windowsHide: '',
  username: '',
  install_url: '',
  kill_retry_time: '',
}

/** The name that a key is known by here. */
export function canonicalKey(key: string): string {
  const alias = lookUp(aliases, key)
  if (alias !== undefined) return alias
  const snake = key.replace(/[A-Z]/g, letter => `_${letter.toLowerCase()}`)
  return Object.hasOwn(missingKeys, key) || !/[A-Z]/.test(key) ? key : (lookUp(aliases, snake) ?? snake)
}
