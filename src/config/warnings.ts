import type { AppConfig, Config } from './config.ts'
import { originOf } from './draft.ts'

/** Settings that somebody wrote and that do nothing as the others are: a sentence each. */
export function findIneffective(config: Config, origins: ReadonlyMap<string, string>): string[] {
  const isSet = (path: string) => originOf(origins, path) !== 'default'
  return [...findIdleOfStore(config, isSet), ...findIdleOfApps(config, isSet)]
}

/** In Redis these are settings of Redis. */
function findIdleOfStore({ store }: Config, isSet: (path: string) => boolean): string[] {
  if (store.url === undefined) return []
  const settings = ['durability', 'maxSize', 'maxKeys', 'snapshot', 'snapshot.every', 'snapshot.keep', 'listen']
  return settings
    .filter(key => isSet(`store.${key}`))
    .map(key => `store.${key} has no effect: the data is in Redis, at store.url.`)
}

function findIdleOfApps(config: Config, isSet: (path: string) => boolean): string[] {
  return Object.values(config.apps).flatMap(app => {
    const rules = rulesFor(app)
    return rules
      .filter(({ key, isIdle }) => isIdle && isSet(`apps.${app.name}.${key}`))
      .map(({ key, because }) => `apps.${app.name}.${key} has no effect: ${because}.`)
  })
}

function rulesFor(app: AppConfig): { key: string; isIdle: boolean; because: string }[] {
  const isRoot = process.getuid?.() === 0
  const logsToFile = app.accessLog && app.accessLog.file !== '-'
  const onlyFiles = 'only a file is rotated'
  return [
    { key: 'sticky', isIdle: app.balance !== 'sticky', because: `balance is "${app.balance}", not "sticky"` },
    {
      key: 'sticky.cookie',
      isIdle: app.balance === 'sticky' && app.sticky.by !== 'cookie',
      because: `sticky.by is "${app.sticky.by}", not "cookie"`,
    },
    { key: 'ready.status', isIdle: app.ready.path === undefined, because: 'ready.path is not set' },
    { key: 'recycle.jitter', isIdle: app.recycle.requests === 0, because: 'recycle.requests is not set' },
    { key: 'user', isIdle: !isRoot, because: 'only root can run workers as another user' },
    { key: 'group', isIdle: !isRoot, because: 'only root can run workers as another group' },
    { key: 'accessLog.maxBytes', isIdle: !logsToFile, because: onlyFiles },
    { key: 'accessLog.backups', isIdle: !logsToFile, because: onlyFiles },
  ]
}
