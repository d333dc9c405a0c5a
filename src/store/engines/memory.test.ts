import { conformance } from '../conformance/conformance.ts'
import { MemoryEngine } from './memory.ts'

conformance('the engine in memory', (t, limits = {}) => {
  let now = Date.now()
  const engine = new MemoryEngine({ now: () => now, limits })
  t.after(() => engine.close())
  const advance = (duration: number | string) => {
    engine.moveClock(() => {
      now += Number.parseInt(String(duration), 10)
    })
  }
  return { engine, clock: { advance } }
})

conformance('the engine in memory, by the real clock', (t, limits = {}) => {
  const engine = new MemoryEngine({ limits })
  t.after(() => engine.close())
  return { engine }
})
