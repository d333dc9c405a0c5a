/** What each operation of the control socket does: the list of them is in control/operations.ts. */
import { ServerError } from '../base/errors.ts'
import { printConfig, withoutSecrets } from '../config/print.ts'
import type { Done, OperationHandlers } from '../control/operations.ts'
import type { OpenFiles } from '../supervisor/output/open-files.ts'
import type { Output, OutputLine } from '../supervisor/output/output.ts'
import type { Outcome, Supervisor } from '../supervisor/supervisor.ts'
import type { Reloader } from './reloader.ts'

interface Parts {
  readonly supervisor: Supervisor
  readonly reloader: Reloader
  readonly output: Output
  readonly files: OpenFiles
  /** Stops the tree, whoever asks. */
  readonly stop: (isQuick: boolean) => void
}

const backlogDefault = 100

export function createHandlers({ supervisor, reloader, output, files, stop }: Parts): OperationHandlers {
  return {
    status: () => supervisor.status(),
    reload: ({ dryRun, wait }) => {
      if (dryRun) return reloader.preview()
      return wait === false ? reloader.begin() : reloader.reload()
    },
    restart: ({ target }) => reloader.exclusively(() => done(supervisor.restart(target))),
    stop: ({ target, quick }) => {
      if (target !== undefined) return done(supervisor.halt(target))
      stop(quick === true)
      return { message: `${supervisor.name} is stopping` }
    },
    scale: ({ target, workers }) => done(supervisor.scale(target, workersOf(supervisor, target, workers))),
    stack: ({ target }) => supervisor.stack(target),
    reopen: () => {
      files.reopenAll()
      return { message: 'log files were opened again' }
    },
    config: () => ({ text: printConfig(reloader.loaded), values: withoutSecrets(reloader.loaded.config) }),
    logs: ({ source, lines, follow }, send, end) => {
      const backlog = Number(lines ?? backlogDefault)
      const onLine = ({ time, source, stream, text }: OutputLine) => {
        send({ time: new Date(time).toISOString(), source, stream, message: text })
      }
      const wanted = source === undefined ? {} : { source }
      if (follow) return output.subscribe({ ...wanted, backlog, onLine })
      for (const line of output.history({ ...wanted, lines: backlog })) onLine(line)
      end()
      return () => {}
    },
  }
}

/** An absolute number, or `+2` and `-1` from what there is. */
function workersOf(supervisor: Supervisor, target: string, workers: string): number {
  const text = String(workers)
  if (!/^[+-]?\d+$/.test(text)) {
    throw new ServerError('ERR_USAGE', `scale expected a number such as 4, +1 or -1, got ${JSON.stringify(text)}.`)
  }
  const now = supervisor.status().apps.find(app => app.name === target)?.workers ?? 0
  return /^[+-]/.test(text) ? now + Number(text) : Number(text)
}

async function done(asked: Promise<Outcome>): Promise<Done> {
  const { ok, message } = await asked
  if (!ok) throw new ServerError('ERR_CONTROL_REFUSED', message)
  return { message }
}
