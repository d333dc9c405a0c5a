// Writes what is generated from the code: docs/reference/ and src/config/generated.ts.
// Unit tests (src/config/reference.test.ts, src/store/commands/reference.test.ts,
// src/processes/event-reference.test.ts, src/processes/tree-events.test.ts, src/metrics/reference.test.ts) fail when they are not up to date.
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { node, root, run } from './setup.mjs'

if (process.execPath !== node && !process.features.typescript) {
  // The Node of this machine cannot read TypeScript: the project's own can.
  run(node, [import.meta.filename])
} else {
  const reference = await import('../src/config/reference.ts')
  mkdirSync(join(root, 'docs', 'reference'), { recursive: true })
  writeFileSync(join(root, 'docs', 'reference', 'config.md'), reference.renderConfigReference())
  writeFileSync(join(root, 'docs', 'reference', 'errors.md'), reference.renderErrorReference())
  const { renderEventReference } = await import('../src/processes/event-reference.ts')
  writeFileSync(join(root, 'docs', 'reference', 'events.md'), renderEventReference())
  const { renderTreeEventReference } = await import('../src/processes/tree-events.ts')
  writeFileSync(join(root, 'docs', 'reference', 'tree-events.md'), renderTreeEventReference())
  const { renderMetricReference } = await import('../src/metrics/reference.ts')
  writeFileSync(join(root, 'docs', 'reference', 'metrics.md'), renderMetricReference())
  const { renderCommandReference } = await import('../src/store/commands/reference.ts')
  writeFileSync(join(root, 'docs', 'reference', 'commands.md'), renderCommandReference())
  writeFileSync(join(root, 'src', 'config', 'generated.ts'), reference.renderGenerated())
}
