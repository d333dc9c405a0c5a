import type { TreeStatus } from '../ipc/status.ts'

/** What a person at a terminal wants to know of a tree that is up: what it serves, where, and what to do next. */
export function banner(status: TreeStatus, version: string): string {
  const lines = [`Saola ${version} serves ${status.name} (pid ${status.pid}, Node ${status.node})`, '']
  for (const app of status.apps) {
    const workers = `${app.workers} worker${app.workers === 1 ? '' : 's'}`
    lines.push(`  ${app.name.padEnd(8)} ${app.listen.map(urlOf).join('  ')}   ${workers}, ${app.entry}`)
  }
  lines.push(
    '',
    '  stop     Ctrl-C, or: saola stop',
    '  reload   saola reload',
    '  look     saola status, saola top',
    '',
  )
  return `\n${lines.join('\n')}\n`
}

function urlOf(address: string): string {
  return /^[^/]*:\d+$/.test(address) ? `http://${address.replace(/^(\[::\]|0\.0\.0\.0|):/, 'localhost:')}` : address
}
