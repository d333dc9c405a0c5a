/**
 * Every metric of a tree, in one table: the exposition (exposition.ts) and docs/reference/metrics.md (reference.ts) are made of it. A
 * metric more is a row in the file of its subject.
 *
 * An exporter for OpenTelemetry would attach here: walk the rows with a Look every so often, as exposition.ts does for a scrape.
 */
import { cronMetrics } from './cron-metrics.ts'
import { edgeMetrics } from './edge-metrics.ts'
import { httpMetrics } from './http-metrics.ts'
import type { Metric, MetricGroup } from './metric.ts'
import { processMetrics } from './process-metrics.ts'
import { storeMetrics } from './store-metrics.ts'
import { taskMetrics } from './task-metrics.ts'
import { treeMetrics } from './tree-metrics.ts'

export const metricGroups: readonly MetricGroup[] = [
  treeMetrics,
  httpMetrics,
  processMetrics,
  edgeMetrics,
  storeMetrics,
  taskMetrics,
  cronMetrics,
]

export const metrics: readonly Metric[] = metricGroups.flatMap(group => group.metrics)
