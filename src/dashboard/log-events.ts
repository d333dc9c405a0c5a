import type { LogEvents } from '../base/log-events.ts'

/** What the dashboard writes into the log of the tree. */
export const dashboardLogEvents: LogEvents = {
  'dashboard.serving': {
    level: 'info',
    fields: ['listen'],
    meaning: 'The tree is up, and its dashboard is there. `saola dashboard` prints an address that signs in.',
  },
  'dashboard.signed-in': {
    level: 'info',
    fields: ['user', 'address', 'by'],
    meaning: 'Somebody has signed in, `by` a `token` (then `user` is `token`, too) or a `password`.',
  },
  'dashboard.signed-out': { level: 'info', fields: ['user', 'address'], meaning: 'Somebody has signed out.' },
  'dashboard.refused': {
    level: 'warn',
    fields: ['reason', 'address', 'times'],
    meaning:
      'A request was refused: `wrong token`, `wrong password`, too many of those, `unknown host` (see `dashboard.hosts`), `another ' +
      'page`, which is what a page elsewhere sends in the name of who has signed in, `no session` of a change. A line for the first, and ' +
      'then one in ten seconds with how many `times`; `address` is that of the last.',
  },
  'dashboard.action': {
    level: 'info',
    fields: ['user', 'address', 'action', 'target', 'ok', 'error'],
    meaning:
      'Somebody has changed something, or tried to: then `ok` is false, and the level `warn`. It is `unknown` where this process ' +
      'was replaced before the end, as by a reload that changes the dashboard. Values that were written into the store ' +
      'are not in it, their keys are.',
  },
  'dashboard.certificate.loaded': {
    level: 'info',
    fields: ['cert'],
    meaning: 'The files of `dashboard.tls` have changed, and new connections get the new certificate.',
  },
  'dashboard.certificate.refused': {
    level: 'error',
    fields: ['cert', 'error'],
    meaning: 'The files of `dashboard.tls` have changed, and cannot be used: the certificate before stays.',
  },
}
