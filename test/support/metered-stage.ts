/** An edge whose traffic is counted, as a worker does it, in the process of the test. */
import type { TestContext } from 'node:test'
import type { EdgeFigures, WorkerFigures } from '../../src/ipc/figures.ts'
import { Connections } from '../../src/worker/connections.ts'
import { Traffic } from '../../src/worker/traffic.ts'
import { TrafficMeter } from '../../src/worker/traffic-meter.ts'
import { type EdgeStage, openEdgeStage } from './edge-stage.ts'
import { until } from './until.ts'

export interface MeteredStage extends EdgeStage {
  readonly edgeFigures: EdgeFigures
  /** What has been counted when there are so many responses: a response closes a moment after its client has it. */
  figuresOf(responses: number): Promise<WorkerFigures & { readonly edge: EdgeFigures }>
}

type StageArguments = Parameters<typeof openEdgeStage>

export interface MeterOptions {
  readonly requestTimeoutMs?: number
  readonly onExchange?: () => void
}

export async function openMeteredStage(
  t: TestContext,
  settings: object,
  application?: StageArguments[2],
  options: StageArguments[3] & MeterOptions = {},
): Promise<MeteredStage> {
  const stage = await openEdgeStage(t, settings, application, options)
  const meter = new TrafficMeter()
  meter.edge = stage.edge
  const traffic = new Traffic({
    name: 'web:0',
    connections: new Connections(() => {}),
    requestTimeoutMs: options.requestTimeoutMs ?? 0,
    onExchange: options.onExchange,
    meter,
    onRequest: () => {},
    routeCookie: undefined,
  })
  traffic.observe(stage.edge.front.server)
  const count = () => meter.figures().responses.reduce((sum, each) => sum + each, 0)
  return {
    ...stage,
    get edgeFigures() {
      return stage.edge.figures()
    },
    async figuresOf(responses) {
      await until(`${responses} responses are counted`, () => count() >= responses)
      return { ...meter.figures(), edge: stage.edge.figures() }
    },
  }
}
