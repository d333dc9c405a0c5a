import assert from 'node:assert/strict'
import { test } from 'node:test'
import { listOf, type OpenEngine, openSubject } from './setup.ts'

/** Members and their scores. Ranges are in sorted-set-ranges.ts. */
export function sortedSetConformance(open: OpenEngine): void {
  test('members have a score, which is set and added to', async t => {
    const { store } = await openSubject(open, t)
    const board = store.sortedSet('z')
    assert.equal(await board.add('ada', 10), true)
    assert.equal(await board.add('ada', 10), false)
    assert.equal(await board.add('ada', 8), true)
    assert.deepEqual([await board.increment('ada', 0.5), await board.increment('ada', -1)], [8.5, 7.5])
    assert.equal(await board.increment('cleo'), 1)
    assert.deepEqual([await board.score('ada'), await board.score('bob')], [7.5, undefined])
    assert.deepEqual(await board.scores(['cleo', 'bob', 'ada', 'cleo']), [1, undefined, 7.5, 1])
    assert.deepEqual([await board.has('ada'), await board.has('bob'), await board.size()], [true, false, 2])
    assert.equal(await board.delete('ada', 'bob', 'ada'), 1)
    assert.equal(await board.delete(), 0)
    await board.clear()
    assert.equal(await board.size(), 0)
  })

  test('a condition says what is added and what is changed', async t => {
    const { store } = await openSubject(open, t)
    const board = store.sortedSet('z')
    await board.add('a', 10)
    assert.equal(await board.add('a', 12, { ifAbsent: true }), false)
    assert.equal(await board.add('b', 1, { ifPresent: true }), false)
    assert.equal(await board.add('a', 9, { ifHigher: true }), false)
    assert.equal(await board.add('a', 11, { ifHigher: true }), true)
    assert.equal(await board.add('a', 12, { ifLower: true }), false)
    assert.equal(await board.add('a', 8, { ifLower: true, ifPresent: true }), true)
    assert.equal(await board.add('c', 8, { ifLower: true, ifPresent: true }), false)
    assert.equal(await board.add('c', 1, { ifHigher: true }), true)
    const entries = [
      ['a', 9],
      ['d', 4],
      ['c', 0],
    ] as const
    assert.equal(await board.addMany(entries, { ifAbsent: true }), 1)
    assert.equal(await board.addMany(entries, { ifPresent: true, ifHigher: true }), 1)
    assert.deepEqual(await board.scores(['a', 'b', 'c', 'd']), [9, undefined, 1, 4])
    for (const wrong of [
      { ifAbsent: true, ifPresent: true },
      { ifAbsent: true, ifHigher: true },
      { ifAbsent: true, ifLower: true },
      { ifHigher: true, ifLower: true },
    ]) {
      await assert.rejects(board.add('x', 1, wrong), { code: 'STORE_ARGUMENT_INVALID' })
      await assert.rejects(board.addMany([], wrong), { code: 'STORE_ARGUMENT_INVALID' })
    }
    assert.equal(await board.size(), 3)
  })

  test('a score is any number but NaN, and comes back as it is', async t => {
    const { store } = await openSubject(open, t)
    const board = store.sortedSet('z')
    const scores = [
      ...[Infinity, -Infinity, 0.1, 1e300, -5e-324, 2 ** 53, 123456789.123, 1e21, -Number.MAX_VALUE],
      ...[Number.MAX_SAFE_INTEGER, 0.1 + 0.2, 1 / 3],
    ]
    assert.equal(await board.addMany(scores.map((score, i) => [`m${i}`, score])), scores.length)
    assert.deepEqual(await board.scores(scores.map((_, i) => `m${i}`)), scores)
    assert.deepEqual(
      (await board.range()).map(([, score]) => score),
      scores.toSorted((a, b) => (a < b ? -1 : 1)),
    )
    assert.equal(await board.increment('sum', 0.1), 0.1)
    assert.equal(await board.increment('sum', 0.2), 0.1 + 0.2)
    await board.add('zero', -0)
    assert.equal((await board.score('zero')) === 0 && (await board.add('zero', 0)), false)
    for (const wrong of [Number.NaN, '1', null, undefined, 1n] as number[]) {
      const refused = { code: 'STORE_ARGUMENT_INVALID' }
      await assert.rejects(board.add('x', wrong), refused)
      await assert.rejects(
        board.addMany([
          ['y', 1],
          ['x', wrong],
        ]),
        refused,
      )
      if (wrong !== undefined) await assert.rejects(board.increment('x', wrong), refused)
    }
    await assert.rejects(board.increment('m0', -Infinity), { code: 'STORE_NOT_A_NUMBER' })
    assert.deepEqual([await board.score('m0'), await board.has('x'), await board.has('y')], [Infinity, false, false])
  })

  test('any text is a member, and those of one score go by their bytes', async t => {
    const { store } = await openSubject(open, t)
    const board = store.sortedSet('z')
    const members = [' ', 'a', 'A', 'a ', '\0', '[', '(', '-', '+', '__proto__', 'é', 'e\u0301', '\uffff', '😀', '1e3']
    members.push('x'.repeat(64 * 1024))
    assert.equal(await board.addMany(members.map(member => [member, 1])), members.length)
    const sorted = members.toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)))
    assert.deepEqual(
      (await listOf(board)).map(([member]) => member),
      sorted,
    )
    for (const [i, member] of sorted.entries()) assert.equal(await board.rank(member), i)
    assert.deepEqual(await board.rangeByLex(), sorted)
    for (const wrong of ['', 'x'.repeat(64 * 1024 + 1), '\ud800', 7, null] as string[]) {
      const refused = { code: 'STORE_KEY_INVALID' }
      await assert.rejects(board.add(wrong, 1), refused)
      await assert.rejects(
        board.addMany([
          ['new', 1],
          [wrong, 2],
        ]),
        refused,
      )
      await assert.rejects(board.increment(wrong), refused)
      await assert.rejects(board.score(wrong), refused)
      await assert.rejects(board.scores(['a', wrong]), refused)
      await assert.rejects(board.has(wrong), refused)
      await assert.rejects(board.rank(wrong), refused)
      await assert.rejects(board.delete('a', wrong), refused)
    }
    assert.equal(await board.size(), members.length)
  })

  test('one that is absent has no members, and one without members is no key', async t => {
    const { store } = await openSubject(open, t)
    const board = store.sortedSet('z')
    assert.deepEqual([await board.size(), await board.count(), await board.rank('a')], [0, 0, undefined])
    assert.deepEqual([await board.range(), await board.rangeByScore(), await board.rangeByLex()], [[], [], []])
    assert.deepEqual([await board.popMin(), await board.popMax(), await board.popMin(3)], [undefined, undefined, []])
    assert.deepEqual([await board.scores(['a']), await board.scores([]), await board.delete('a')], [[undefined], [], 0])
    assert.deepEqual([await board.deleteByScore({}), await board.addMany([]), await listOf(board)], [0, 0, []])
    assert.equal(await board.add('a', 1, { ifPresent: true }), false)
    await board.clear()
    assert.equal(await store.type('z'), 'none')
    await board.add('a', 1)
    assert.equal(await store.type('z'), 'zset')
    for (const empty of [() => board.popMin(), () => board.delete('a'), () => board.deleteByScore({ min: 1 })]) {
      await board.add('a', 1)
      await empty()
      assert.equal(await store.type('z'), 'none')
    }
  })

  test('the lowest and the highest are popped, each once', async t => {
    const { store, other } = await openSubject(open, t)
    const board = store.sortedSet('z')
    await board.addMany([
      ['c', 3],
      ['a', 1],
      ['b', 2],
      ['b2', 2],
    ])
    assert.deepEqual(await board.popMax(2), [
      ['c', 3],
      ['b2', 2],
    ])
    assert.deepEqual([await board.popMin(0), await board.popMin()], [[], ['a', 1]])
    assert.deepEqual([await board.popMax(5), await board.popMin()], [[['b', 2]], undefined])
    await board.addMany([
      ['a', 1],
      ['b', 1],
      ['c', -1],
      ['d', 9],
    ])
    const second = other().sortedSet('z')
    const popped = await Promise.all([board.popMin(), second.popMin(), board.popMin(), second.popMin(), board.popMin()])
    assert.deepEqual(popped.map(one => one?.[0] ?? 'none').toSorted(), ['a', 'b', 'c', 'd', 'none'])
    for (const count of [-1, 0.5, 1001, Number.NaN, null as never]) {
      await assert.rejects(board.popMin(count), { code: 'STORE_ARGUMENT_INVALID' })
      await assert.rejects(board.popMax(count), { code: 'STORE_ARGUMENT_INVALID' })
    }
  })

  test('calls that are not awaited are carried out in their order, and increments of all add up', async t => {
    const { store, other } = await openSubject(open, t)
    const board = store.sortedSet('z')
    const replies = [board.add('a', 1), board.increment('a'), board.rank('a'), board.popMin(), board.size()]
    assert.deepEqual(await Promise.all(replies), [true, 2, 0, ['a', 2], 0])
    const boards = [board, other().sortedSet('z')]
    await Promise.all(Array.from({ length: 200 }, (_, i) => (boards[i % 2] ?? assert.fail()).increment('n', 2)))
    assert.equal(await board.score('n'), 400)
  })

  test('a key that holds something else is refused, and stays as it is', async t => {
    const { store, engine } = await openSubject(open, t)
    await store.counter('z').increment(7)
    const board = store.sortedSet('z')
    const wrongType = { code: 'STORE_WRONG_TYPE' }
    await assert.rejects(board.add('a', 1), wrongType)
    await assert.rejects(board.addMany([['a', 1]]), wrongType)
    await assert.rejects(board.increment('a'), wrongType)
    await assert.rejects(board.score('a'), wrongType)
    await assert.rejects(board.scores(['a']), wrongType)
    await assert.rejects(board.has('a'), wrongType)
    await assert.rejects(board.delete('a'), wrongType)
    await assert.rejects(board.deleteByScore({}), wrongType)
    await assert.rejects(board.size(), wrongType)
    await assert.rejects(board.count(), wrongType)
    await assert.rejects(board.rank('a'), wrongType)
    await assert.rejects(board.range(), wrongType)
    await assert.rejects(board.rangeByScore(), wrongType)
    await assert.rejects(board.rangeByLex(), wrongType)
    await assert.rejects(board.popMin(), wrongType)
    await assert.rejects(board.popMax(2), wrongType)
    await assert.rejects(listOf(board), wrongType)
    if (engine.canReadNow) assert.throws(() => board.peekScore('a'), wrongType)
    assert.equal(await store.counter('z').get(), 7)
  })

  test('peekScore and peekRank see what was awaited', async t => {
    const { store, engine } = await openSubject(open, t)
    const board = store.sortedSet('z')
    if (!engine.canReadNow) {
      assert.throws(() => board.peekScore('a'), { code: 'STORE_UNSUPPORTED' })
      assert.throws(() => board.peekRank('a'), { code: 'STORE_UNSUPPORTED' })
      return
    }
    assert.deepEqual([board.peekScore('a'), board.peekRank('a')], [undefined, undefined])
    await board.addMany([
      ['a', 1],
      ['b', 0.5],
      ['c', 7],
    ])
    assert.deepEqual([board.peekScore('b'), board.peekRank('b')], [0.5, 0])
    assert.deepEqual([board.peekRank('a'), board.peekRank('a', { reverse: true })], [1, 1])
    await board.delete('b')
    assert.deepEqual([board.peekScore('b'), board.peekRank('a')], [undefined, 0])
  })
}
