import { basename } from 'node:path'

/** What Saola can do itself, by the program that does it elsewhere. */
const hints: readonly { readonly programs: RegExp; readonly text: string }[] = [
  {
    programs: /^(?:gunicorn|uvicorn|hypercorn|uwsgi)$/,
    text: 'Saola\'s edge can stand in front of it: edge.proxy to "program:NAME"; see "saola import gunicorn"',
  },
  {
    programs: /^(?:nginx|openresty|caddy|haproxy)$/,
    text: 'files, TLS, HTTP/2, cache and limits are in the edge: docs/edge',
  },
  {
    programs: /^(?:redis-server|valkey-server|memcached)$/,
    text: 'ready: { tcp: PORT } tells those who have it in dependsOn when it answers; saola/store needs no server',
  },
  { programs: /^celery$/, text: 'for tasks written in JavaScript there is saola/tasks, with schedules and no broker' },
]

/** Behind these stands the program that is really run. */
const runners = /^(?:env|exec|nice|ionice|setsid|stdbuf|pipenv|poetry|uv|run|time|chpst|tini|dumb-init|--)$/

/** What Saola could do instead of this command of a program, or for it. */
export function hintFor(words: readonly string[], name: string): string | undefined {
  const names = words.slice(0, 6).map(word => basename(word))
  const first = names.findIndex(name => !runners.test(name))
  const isModule = /^python[\d.]*$/.test(names[first] ?? '') && names[first + 1] === '-m'
  const program = names[isModule ? first + 2 : first] ?? ''
  return hints.find(({ programs }) => programs.test(program))?.text.replace('NAME', name)
}
