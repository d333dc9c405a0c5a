import { localAuthority } from '../base/address.ts'
import type { Protocol, TreeStatus } from '../ipc/status.ts'

/** What a person at a terminal wants to know of a tree that is up: what it serves, where, and what to do next. */
export function banner(status: TreeStatus, version: string, dashboardUrl?: string): string {
  const lines = [`Saola ${version} serves ${status.name} (pid ${status.pid}, Node ${status.node})`, '']
  for (const app of status.apps) {
    const workers = `${app.workers} worker${app.workers === 1 ? '' : 's'}`
    lines.push(
      `  ${app.name.padEnd(8)} ${app.listen.map((address, index) => urlOf(address, app.protocols[index])).join('  ')}   ${workers}, ${app.entry}`,
    )
  }
  for (const [name, count] of runningPrograms(status))
    lines.push(`  ${name.padEnd(8)} ${count} process${count === 1 ? '' : 'es'}`)
  lines.push(
    '',
    ...(dashboardUrl === undefined
      ? []
      : [`  look at  ${dashboardUrl}`, '           (signs in once; the next: saola dashboard)']),
    '  stop     Ctrl-C, or: saola stop',
    '  reload   saola reload',
    '  look     saola status, saola top',
    '',
  )
  return `\n${lines.join('\n')}\n`
}

/** How many processes of each program are up. */
function runningPrograms({ children }: TreeStatus): Map<string, number> {
  const programs = new Map<string, number>()
  for (const { kind, app, state } of children) {
    if (kind === 'program') programs.set(app, (programs.get(app) ?? 0) + (state === 'RUNNING' ? 1 : 0))
  }
  return programs
}

/** The same for systemd, on one line: `Serving web, running redis`. */
export function summary(status: TreeStatus): string {
  const apps = status.apps.map(({ name }) => name).join(', ')
  const programs = [...runningPrograms(status).keys()].join(', ')
  const text = [apps && `serving ${apps}`, programs && `running ${programs}`].filter(Boolean).join(', ')
  return text.charAt(0).toUpperCase() + text.slice(1)
}

function urlOf(address: string, protocol: Protocol = 'http'): string {
  const authority = localAuthority(address)
  if (authority === undefined) return address
  const url = `${protocol === 'https' ? 'https' : 'http'}://${authority}`
  return protocol === 'redirect' ? `${url} (sends to https)` : url
}
