/** The tree: its children, its past, its configuration, what it prints. */
import { call } from '../../control/client.ts'
import type { AppStatus, TreeFigures } from '../../control/operations.ts'
import { type ConfigView, type EdgeView, historySpans } from '../api.ts'
import type { DashboardContext } from './context.ts'
import { chosenIn } from './input.ts'
import { streamLogs } from './log-stream.ts'
import type { Route } from './route.ts'

const stackWaitMs = 15_000

export const treeRoutes: readonly Route[] = [
  { method: 'GET', path: '/api/live', handle: (request, { streams, feed }) => feed.join(streams.open(request)) },
  {
    method: 'GET',
    path: '/api/history',
    handle: ({ query }, { feed }) => feed.history(chosenIn({ span: query.get('span') ?? '10m' }, 'span', historySpans)),
  },
  { method: 'GET', path: '/api/edge', handle: (_, context) => edgeView(context) },
  { method: 'GET', path: '/api/config', handle: (_, context) => configView(context) },
  {
    method: 'GET',
    path: '/api/stack',
    handle: ({ query }, { controlSocket, operations }) => {
      const target = query.get('target') ?? ''
      return operations.during(() => call(controlSocket, 'stack', { target }, { timeoutMs: stackWaitMs }))
    },
  },
  { method: 'GET', path: '/api/logs', handle: streamLogs },
]

async function edgeView({ controlSocket }: DashboardContext): Promise<EdgeView> {
  const [status, figures] = await Promise.all([call(controlSocket, 'status', {}), call(controlSocket, 'figures', {})])
  return { apps: status.apps.map(app => edgeAppView(app, figures)), sockets: figures.sockets }
}

function edgeAppView({ name, listen }: AppStatus, { apps }: TreeFigures): EdgeView['apps'][number] {
  const { responses = [], bytesSent = 0, edge } = apps.find(({ app }) => app === name) ?? {}
  return { app: name, listen, responses, bytesSent, edge }
}

async function configView({ controlSocket }: DashboardContext): Promise<ConfigView> {
  const [{ text, changes }, { lastReload }] = await Promise.all([
    call(controlSocket, 'config', {}),
    call(controlSocket, 'status', {}),
  ])
  return { text, changes, lastReload }
}
