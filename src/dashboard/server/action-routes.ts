/** What can be done with the tree: each asks it for the operation of the same name. */

import { ServerError } from '../../base/errors.ts'
import { type CallOptions, call, follow } from '../../control/client.ts'
import type { CachePurgeInput, CallName, Done, OperationTypes } from '../../control/operations.ts'
import type { ActionName } from '../api.ts'
import type { DashboardContext } from './context.ts'
import { booleanIn, chosenIn, optionalTextIn, textIn } from './input.ts'
import type { ApiRequest, Route } from './route.ts'

/** How long an operation may take that waits for workers to become ready or to end, in milliseconds: an hour. */
const workWaitMs = 3_600_000

type Body = ApiRequest['body']

export const actionRoutes: readonly Route[] = [
  asking('reload', body => ({ dryRun: booleanIn(body, 'dryRun') }), { timeoutMs: workWaitMs }),
  asking('restart', body => ({ target: textIn(body, 'target') }), { timeoutMs: workWaitMs }),
  asking('start', body => ({ target: textIn(body, 'target') }), { timeoutMs: workWaitMs }),
  // Without a target it would be the whole tree, with the page that asks for it.
  asking('stop', body => ({ target: textIn(body, 'target') }), { timeoutMs: workWaitMs }),
  asking('scale', body => ({ target: textIn(body, 'target'), workers: textIn(body, 'workers') })),
  asking('cachePurge', purgeIn),
  asking('reopen', () => ({})),
  action('run', (body, { controlSocket, operations }) => {
    const name = textIn(body, 'name')
    return operations.during(() => beginRun(controlSocket, name))
  }),
]

function action(name: ActionName, handle: (body: Body, context: DashboardContext) => unknown): Route {
  return {
    method: 'POST',
    path: `/api/actions/${name}`,
    changes: true,
    target: ({ target, name, kind, value, workers, dryRun }) =>
      [dryRun === true ? 'dry run' : (target ?? name ?? kind), value ?? workers]
        .filter(word => typeof word === 'string')
        .join(' ') || undefined,
    handle: ({ body }, context) => handle(body, context),
  }
}

function asking<Name extends ActionName & CallName>(
  name: Name,
  input: (body: Body) => OperationTypes[Name]['input'],
  options: CallOptions = {},
): Route {
  return action(name, (body, { controlSocket, operations }) => {
    const asked = input(body)
    return operations.during(() => call(controlSocket, name, asked, options))
  })
}

function purgeIn(body: Body): CachePurgeInput {
  const kind = chosenIn(body, 'kind', ['path', 'prefix', 'tag', 'all'])
  const app = optionalTextIn(body, 'app')
  return {
    kind,
    ...(kind === 'all' ? {} : { value: textIn(body, 'value') }),
    ...(app === undefined ? {} : { app }),
  }
}

/** It is answered when the run has begun, or waits for another: what becomes of it is seen in the tree. */
async function beginRun(socket: string, name: string): Promise<Done> {
  for await (const line of follow(socket, 'run', { name, detach: true })) {
    if (line.type === 'started') return { message: `${name} has begun (pid ${line.pid})` }
    if (line.type === 'waiting') return { message: `${name} waits for the run that is under way` }
    if (line.type === 'refused') throw new ServerError('ERR_CONTROL_REFUSED', line.message)
  }
  return { message: `${name} has begun` }
}
