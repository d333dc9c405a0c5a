import type { AppConfig, Config } from './config.ts'
import { originOf } from './draft.ts'

/** Settings that somebody wrote and that do nothing as the others are: a sentence each. */
export function findIneffective(config: Config, origins: ReadonlyMap<string, string>): string[] {
  const isSet = (path: string) => originOf(origins, path) !== 'default'
  return [
    ...findIdleOfStore(config, isSet),
    ...findIdleOfApps(config, isSet),
    ...findIdleOfPrograms(config, isSet),
    ...findIdleOfCron(config, isSet),
    ...findIdleOfDashboard(config, isSet),
    ...findIdleOfMetrics(config, isSet),
    ...findWaits(config),
    ...findEmptyQuestions(config),
  ]
}

/** In Redis these are settings of Redis. */
function findIdleOfStore({ store }: Config, isSet: (path: string) => boolean): string[] {
  if (store.url === undefined) return []
  const settings = ['durability', 'maxSize', 'maxKeys', 'snapshot', 'snapshot.every', 'snapshot.keep', 'listen']
  return settings
    .filter(key => isSet(`store.${key}`))
    .map(key => `store.${key} has no effect: the data is in Redis, at store.url.`)
}

function findIdleOfMetrics({ metrics }: Config, isSet: (path: string) => boolean): string[] {
  if (metrics.listen !== undefined) return []
  return ['allow', 'minReady']
    .filter(key => isSet(`metrics.${key}`))
    .map(key => `metrics.${key} has no effect: metrics.listen is not set.`)
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
    { key: 'cwd', isIdle: app.app === undefined, because: 'there is no application that runs in it' },
    { key: 'ready.status', isIdle: app.ready.path === undefined, because: 'ready.path is not set' },
    { key: 'recycle.jitter', isIdle: app.recycle.requests === 0, because: 'recycle.requests is not set' },
    { key: 'user', isIdle: !isRoot, because: 'only root can run workers as another user' },
    { key: 'group', isIdle: !isRoot, because: 'only root can run workers as another group' },
    { key: 'accessLog.maxBytes', isIdle: !logsToFile, because: onlyFiles },
    { key: 'accessLog.backups', isIdle: !logsToFile, because: onlyFiles },
  ]
}

function findIdleOfPrograms({ programs }: Config, isSet: (path: string) => boolean): string[] {
  const isRoot = process.getuid?.() === 0
  return Object.entries(programs).flatMap(([name, { startRetries }]) => {
    const rules = [
      { key: 'user', isIdle: !isRoot, because: 'only root can run a program as another user' },
      { key: 'group', isIdle: !isRoot, because: 'only root can run a program as another group' },
      { key: 'backoff', isIdle: startRetries === 0, because: 'startRetries is 0' },
    ]
    return rules
      .filter(({ key, isIdle }) => isIdle && isSet(`programs.${name}.${key}`))
      .map(({ key, because }) => `programs.${name}.${key} has no effect: ${because}.`)
  })
}

function findIdleOfCron({ cron }: Config, isSet: (path: string) => boolean): string[] {
  const isRoot = process.getuid?.() === 0
  return Object.entries(cron).flatMap(([name, { module }]) => {
    const rules = [
      { key: 'user', isIdle: !isRoot, because: 'only root can run it as another user' },
      { key: 'group', isIdle: !isRoot, because: 'only root can run it as another group' },
      { key: 'shell', isIdle: module !== undefined, because: 'a module needs none' },
    ]
    return rules
      .filter(({ key, isIdle }) => isIdle && isSet(`cron.${name}.${key}`))
      .map(({ key, because }) => `cron.${name}.${key} has no effect: ${because}.`)
  })
}

function findIdleOfDashboard({ dashboard }: Config, isSet: (path: string) => boolean): string[] {
  if (dashboard.listen !== undefined) return []
  return ['readOnly', 'users', 'session', 'hosts', 'tls', 'insecure']
    .filter(key => isSet(`dashboard.${key}`))
    .map(key => `dashboard.${key} has no effect: dashboard.listen is not set.`)
}

/** Dependencies that can be fulfilled, but not in the way that somebody expects. */
function findWaits({ apps, programs }: Config): string[] {
  const dependents = [...Object.entries({ apps, programs })].flatMap(([section, things]) =>
    Object.entries(things).map(([name, { dependsOn }]) => ({ where: `${section}.${name}.dependsOn`, dependsOn })),
  )
  return dependents.flatMap(({ where, dependsOn }) =>
    Object.entries(dependsOn).flatMap(([name, wanted]) => {
      const program = programs[name]
      if (!program) return []
      return [
        ...(program.autostart ? [] : [`${where} waits until somebody starts ${name}: it has autostart: false.`]),
        ...(wanted === 'completed' && program.startSeconds > 0
          ? [
              `${where} waits for the end of ${name}, and if that ends sooner than its startSeconds, it counts as a failed ` +
                `start: set programs.${name}.startSeconds to 0.`,
            ]
          : []),
      ]
    }),
  )
}

/** Saola itself listens there, before the program does. */
function findEmptyQuestions({ programs }: Config): string[] {
  return Object.entries(programs).flatMap(([name, { listen = [], ready, health }]) => {
    const ports = listen.flatMap(address => (address.kind === 'tcp' ? [String(address.port)] : []))
    return Object.entries({ ready, health }).flatMap(([key, asked]) =>
      asked && 'tcp' in asked && ports.includes(String(asked.tcp).replace(/^.*:/s, ''))
        ? [`programs.${name}.${key}.tcp says nothing: Saola itself listens there for it. Ask by http, command or log.`]
        : [],
    )
  })
}
