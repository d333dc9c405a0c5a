import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { programSpecs } from '../../../test/support/program-play.ts'
import type { GroupSpec } from '../fleet.ts'
import { effectivePriorities, endOrder } from './end-order.ts'

const names = ['a', 'b', 'c', 'd', 'e', 'f']

/** Programs with any priorities, each of which depends on some of those that `mayNeed` lets it. */
function programs(mayNeed: (name: string, other: string) => boolean): fc.Arbitrary<GroupSpec[]> {
  const sections = names.map(name =>
    fc.record({
      priority: fc.integer({ min: 1, max: 4 }),
      dependsOn: fc.subarray(names.filter(other => mayNeed(name, other))),
    }),
  )
  return fc.tuple(...sections).map(all => programSpecs(Object.fromEntries(all.map((own, i) => [names[i] ?? '', own]))))
}

/** Whatever settings there are, of one configuration or of parts of several. */
const anyPrograms = programs((name, other) => name !== other)
/** As one configuration has them. */
const orderly = programs((name, other) => name < other)

describe('the priorities of programs', () => {
  test('are those of their sections where nobody depends on them, and the lowest of their dependents elsewhere', () => {
    const specs = programSpecs({
      site: { priority: 5, dependsOn: ['api'] },
      api: { dependsOn: ['db'] },
      batch: { priority: 700, dependsOn: ['db'] },
      db: {},
      lone: { priority: 3 },
    })
    assert.deepEqual(
      [...effectivePriorities(specs)],
      [
        ['site', 5],
        ['api', 5],
        ['batch', 700],
        ['db', 5],
        ['lone', 3],
      ],
    )
  })

  test('never let one start behind those that depend on it', () => {
    fc.assert(
      fc.property(anyPrograms, specs => {
        const priorities = effectivePriorities(specs)
        for (const { name, dependsOn = {}, program } of specs) {
          assert.ok((priorities.get(name) ?? 0) <= (program?.priority ?? 0))
          for (const needed of Object.keys(dependsOn))
            assert.ok((priorities.get(needed) ?? 0) <= (priorities.get(name) ?? 0), `${name} needs ${needed}`)
        }
      }),
    )
  })
})

describe('the order in which programs end', () => {
  test('has no circle, whatever their settings are', () => {
    fc.assert(
      fc.property(anyPrograms, specs => {
        const endsBefore = endOrder(specs)
        const left = new Set(specs)
        while (left.size > 0) {
          const ends = [...left].filter(spec => ![...left].some(other => endsBefore(other, spec)))
          assert.ok(ends.length > 0, `nobody of ${[...left].map(({ name }) => name)} may end`)
          for (const spec of ends) left.delete(spec)
        }
      }),
    )
  })

  test('puts everything behind what depends on it, if only by way of others', () => {
    fc.assert(
      fc.property(orderly, specs => {
        const endsBefore = endOrder(specs)
        const byName = new Map(specs.map(spec => [spec.name, spec]))
        const visit = (dependent: GroupSpec, { dependsOn = {} }: GroupSpec): void => {
          for (const name of Object.keys(dependsOn)) {
            const needed = byName.get(name) ?? assert.fail(name)
            assert.ok(endsBefore(dependent, needed), `${dependent.name} before ${name}`)
            visit(dependent, needed)
          }
        }
        for (const spec of specs) visit(spec, spec)
      }),
    )
  })

  test('goes by kind first, and knows nothing of what was removed but that', () => {
    const [db] = programSpecs({ db: {} })
    assert.ok(db)
    const endsBefore = endOrder([db])
    const removed = { kind: 'program', name: 'old' } as const
    assert.equal(endsBefore({ kind: 'web', name: 'web' }, db), true)
    assert.equal(endsBefore(db, { kind: 'web', name: 'web' }), false)
    assert.equal(endsBefore(db, { kind: 'store', name: 'store' }), true)
    assert.deepEqual([endsBefore(db, removed), endsBefore(removed, db)], [false, false])
  })
})
