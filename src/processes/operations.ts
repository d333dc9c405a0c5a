/** What each operation of the control socket does: the list of them is in control/operations.ts. */
import { ServerError } from '../base/errors.ts'
import { printConfig, withoutSecrets } from '../config/print.ts'
import type { ConfigAnswer, Done, OperationHandlers } from '../control/operations.ts'
import type { TreeStatus } from '../ipc/status.ts'
import type { CronRunner } from '../programs/cron/cron-runner.ts'
import type { OpenFiles } from '../supervisor/output/open-files.ts'
import type { Output } from '../supervisor/output/output.ts'
import type { Outcome } from '../supervisor/plan/turn.ts'
import type { Supervisor } from '../supervisor/supervisor.ts'
import { cacheFigures, purgeCaches } from './cache-operations.ts'
import type { DashboardLinks } from './dashboard-links.ts'
import { makeDashboardLink } from './dashboard-operations.ts'
import type { EventFeed } from './event-feed.ts'
import type { Reloader } from './reloader.ts'
import { runEntry, streamEvents, streamLogs, streamProfile } from './streams.ts'
import { treeFigures } from './tree-figures.ts'

interface Parts {
  readonly supervisor: Supervisor
  readonly cron: CronRunner
  readonly reloader: Reloader
  readonly output: Output
  readonly files: OpenFiles
  readonly feed: EventFeed
  readonly links: DashboardLinks
  /** Stops the tree, whoever asks. */
  readonly stop: (isQuick: boolean) => void
}

export function createHandlers(parts: Parts): OperationHandlers {
  const { supervisor, cron, reloader, output, files, feed, links, stop } = parts
  return {
    status: () => statusOf(supervisor, cron),
    figures: () => treeFigures(supervisor),
    reload: ({ dryRun, wait }) => {
      if (dryRun) return reloader.preview()
      return wait === false ? reloader.begin() : reloader.reload()
    },
    restart: ({ target }) => reloader.exclusively(() => done(supervisor.restart(target))),
    start: ({ target }) => reloader.exclusively(() => done(supervisor.start(target))),
    stop: async ({ target, quick }) => {
      if (target !== undefined) return done(supervisor.halt(target))
      stop(quick === true)
      return { message: `${supervisor.name} is stopping`, isIdle: false }
    },
    scale: ({ target, workers }) => done(supervisor.scale(target, workersOf(supervisor, target, workers))),
    stack: ({ target }) => supervisor.watchThreads.stack(target),
    profile: (input, lines) => streamProfile(supervisor.watchThreads, input, lines),
    heap: ({ target }, lines) => supervisor.watchThreads.capture(String(target), { kind: 'heap' }, lines),
    reopen: () => {
      files.reopenAll()
      return { message: 'log files were opened again' }
    },
    config: () => configAnswer(reloader),
    cachePurge: input => purgeCaches(supervisor, input),
    cacheStats: async ({ app }) => ({ workers: await cacheFigures(supervisor, app) }),
    dashboardLink: () => makeDashboardLink(reloader.loaded.config, parts),
    dashboardRedeem: ({ token }) => ({ isRight: links.redeem(String(token)) }),
    dashboardSignOut: ({ session }) => {
      links.signOut(String(session))
      return {}
    },
    dashboardSignedOut: () => ({ sessions: links.signedOut }),
    logs: (input, lines) => streamLogs(output, input, lines),
    events: (input, lines) => streamEvents(feed, input, lines),
    run: (input, lines) => runEntry(cron, input, lines),
  }
}

function configAnswer({ loaded, changes }: Reloader): ConfigAnswer {
  const shown = { text: printConfig(loaded), values: withoutSecrets(loaded.config) }
  return { ...shown, ...(changes && { changes }) }
}

function statusOf(supervisor: Supervisor, cron: CronRunner): TreeStatus {
  const entries = cron.status()
  return { ...supervisor.status(), ...(entries.length > 0 && { cron: entries }) }
}

/** An absolute number, or `+2` and `-1` from what there is. */
function workersOf(supervisor: Supervisor, target: string, workers: string): number {
  const text = String(workers)
  if (!/^[+-]?\d+$/.test(text)) {
    throw new ServerError('ERR_USAGE', `scale expected a number such as 4, +1 or -1, got ${JSON.stringify(text)}.`)
  }
  return /^[+-]/.test(text) ? supervisor.places(target) + Number(text) : Number(text)
}

async function done(asked: Promise<Outcome>): Promise<Done & { readonly isIdle: boolean }> {
  const { ok, message, isIdle = false } = await asked
  if (!ok) throw new ServerError('ERR_CONTROL_REFUSED', message)
  return { message, isIdle }
}
