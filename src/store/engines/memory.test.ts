import { conformance, timeConformance } from '../conformance/conformance.ts'
import type { Engine } from './engine.ts'
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
  return { engine, clock: { advance }, openOther: () => asOther(engine) }
})

timeConformance('the engine in memory, by the real clock', (t, limits = {}) => {
  const engine = new MemoryEngine({ limits })
  t.after(() => engine.close())
  return { engine, openOther: () => asOther(engine) }
})

/** Its data is in this process, so another engine cannot have it: what a structure keeps for an engine is kept apart. */
function asOther(engine: MemoryEngine): Engine {
  return new Proxy(engine, {
    get(target, name) {
      const value = Reflect.get(target, name, target)
      return typeof value === 'function' ? value.bind(target) : value
    },
  })
}
