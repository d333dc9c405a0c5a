import { MemoryEngine } from '../../store/engines/memory.ts'
import { taskConformance } from './conformance/conformance.ts'

taskConformance('the engine in memory', (t, limits = {}) => {
  const engine = new MemoryEngine({ limits })
  t.after(() => engine.close())
  return { engine, openOther: () => engine, runs: 20 }
})
