import { suggest } from '../../base/suggest.ts'
import { lookUp } from '../look-up.ts'
import type { SectionReader } from './section-reader.ts'

/** Every key of `[program:x]` and `[fcgi-program:x]`. */
export const programKeys = [
  ...['command', 'process_name', 'numprocs', 'numprocs_start', 'priority', 'autostart', 'startsecs', 'startretries'],
  ...['autorestart', 'exitcodes', 'stopsignal', 'stopwaitsecs', 'stopasgroup', 'killasgroup', 'user', 'directory'],
  ...[
    'redirect_stderr',
    'environment',
    'umask',
    'serverurl',
    'socket',
    'socket_backlog',
    'socket_owner',
    'socket_mode',
  ],
  ...['stdout', 'stderr'].flatMap(stream =>
    ['logfile', 'logfile_maxbytes', 'logfile_backups', 'capture_maxbytes', 'events_enabled', 'syslog'].map(
      key => `${stream}_${key}`,
    ),
  ),
]

/** Keys that nothing is read from, and why. */
const unused: Readonly<Record<string, string>> = {
  serverurl: 'SUPERVISOR_SERVER_URL and its kin are not set for programs',
}

/** Says of every key that nobody has read that there is nothing for it, and what was probably meant. */
export function noteUnread(reader: SectionReader, known: readonly string[] = programKeys): void {
  for (const key of reader.unread) {
    const reason = lookUp(unused, key)
    if (reason !== undefined) reader.report.missing(reader.place(key), reason)
    if (known.includes(key)) continue
    const meant = suggest(key, known)
    const hint = meant === undefined ? '' : `, did you mean ${meant}?`
    reader.report.skipped(reader.place(key), `supervisord does not know it either${hint}`)
  }
}
