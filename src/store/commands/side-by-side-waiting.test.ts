/** Those who wait for elements get them as from a real redis-server: the same ones, of the same keys, in the same order. */
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import type { RawClient, Words } from '../../../test/support/raw-client.ts'
import { type Node, shownNode } from '../../../test/support/reply-nodes.ts'
import { type Pair, startSides } from '../../../test/support/side-by-side.ts'

const sides = await startSides({ after })
const control = await sides.another()

/**
 * What one does after the other: a name waits with these words (several commands, with `;` between), or is `gone`, or
 * `answered`; without a name it is done at once, all in one write.
 */
type Step = readonly [name: string, words: string]

/** The scene is played on both, and what everybody was answered must be the same; of Redis it is returned. */
async function play(...steps: readonly Step[]): Promise<Record<string, string>> {
  const names = [...new Set(steps.map(([name]) => name).filter(name => name !== ''))]
  const pairs = new Map<string, Pair>()
  for (const name of names) pairs.set(name, await sides.another())
  const scene = (side: 'redis' | 'saola') => {
    const actors = new Map([...pairs].map(([name, pair]) => [name, pair[side]]))
    return new Scene(control[side], actors).play(steps)
  }
  const [wanted, got] = [await scene('redis'), await scene('saola')]
  assert.deepEqual(got, wanted)
  return wanted
}

class Scene {
  readonly #control: RawClient
  readonly #actors: ReadonlyMap<string, RawClient>
  readonly #answers: Record<string, string> = {}
  readonly #done: string[] = []
  readonly #pending = new Map<string, Promise<void>>()

  constructor(control: RawClient, actors: ReadonlyMap<string, RawClient>) {
    this.#control = control
    this.#actors = actors
  }

  async play(steps: readonly Step[]): Promise<Record<string, string>> {
    await this.#control.ask([['FLUSHALL']])
    for (const [name, words] of steps) await this.#step(name, words)
    const waiting = await this.#waiting()
    // Answers were sent by now, each on its own connection.
    while (this.#pending.size > waiting) await Promise.race(this.#pending.values())
    for (const actor of this.#actors.values()) actor.close()
    this.#pending.clear()
    await this.#untilAllWait()
    return { ...this.#answers, done: this.#done.join(' | ') }
  }

  async #step(name: string, words: string): Promise<void> {
    if (name === '') this.#done.push(shown(await this.#control.ask(commandsOf(words))))
    else if (words === 'gone') {
      this.#pending.delete(name)
      this.#actors.get(name)?.close()
      await this.#untilAllWait()
    } else if (words === 'answered') await this.#pending.get(name)
    else {
      const answered = (this.#actors.get(name) as RawClient).ask(commandsOf(words)).then(replies => {
        this.#answers[name] = shown(replies)
        this.#pending.delete(name)
      })
      this.#pending.set(name, answered)
      await this.#untilAllWait()
    }
  }

  /** Until the server knows of each who is not answered yet. Who waits for a short time only may be answered meanwhile. */
  async #untilAllWait(): Promise<void> {
    for (;;) {
      const pending = this.#pending.size
      const waiting = await this.#waiting()
      if (waiting === pending && pending === this.#pending.size) return
    }
  }

  async #waiting(): Promise<number> {
    const [info] = await this.#control.ask([['INFO', 'clients']])
    return Number(/blocked_clients:(\d+)/.exec(info?.text ?? '')?.[1])
  }
}

function commandsOf(text: string): Words[] {
  return text.split(';').map(words => words.trim().split(' '))
}

function shown(replies: readonly Node[]): string {
  return replies.map(shownNode).join(' ')
}

test('those who have waited longest are served first', async () => {
  const answers = await play(
    ['first', 'BLPOP l 0'],
    ['second', 'BRPOP l 0'],
    ['third', 'BLPOP l 0'],
    ['', 'RPUSH l 1 2'],
    ['', 'LLEN l'],
    ['', 'RPUSH l 3 4; LRANGE l 0 -1'],
  )
  assert.deepEqual([answers.first, answers.third], ['*[$1 "l", $1 "1"]', '*[$1 "l", $1 "3"]'])
})

test('who waits is served before the next command, also of the same write', async () => {
  await play(['one', 'BLPOP l 0'], ['', 'RPUSH l a; LLEN l; LPOP l; EXISTS l; RPUSH l b; LLEN l'])
})

test('of several keys that change in a transaction, the first to change is served first', async () => {
  const answers = await play(
    ['one', 'BLPOP x y 0'],
    ['', 'MULTI; RPUSH y 1; RPUSH x 2; EXEC; LRANGE x 0 -1; LRANGE y 0 -1'],
  )
  assert.equal(answers.one, '*[$1 "y", $1 "1"]')
  await play(['one', 'BLPOP x y 0'], ['two', 'BLPOP y x 0'], ['', 'MULTI; RPUSH y 1; RPUSH x 2 3; EXEC'])
  await play(['one', 'BLPOP x y 0'], ['two', 'BLPOP y x 0'], ['', 'RPUSH y 1 2'])
})

test('who waits sees what a whole transaction leaves', async () => {
  await play(['one', 'BLPOP l 0'], ['', 'MULTI; RPUSH l 1; DEL l; EXEC; EXISTS l'])
  await play(['one', 'BLPOP l 0'], ['', 'MULTI; DEL l; RPUSH l 1; DEL l; RPUSH l 2; EXEC; EXISTS l'])
  await play(['one', 'BLPOP l 0'], ['two', 'BLPOP l 0'], ['', 'MULTI; LPUSH l a; LPUSH l b; EXEC'])
  await play(['one', 'BLPOP l 0'], ['', 'MULTI; RPUSH l 1; LPOP l; EXEC; RPUSH l 2'])
})

test('a key of another type lets them wait on, each for its own type', async () => {
  await play(['one', 'BLPOP l 0'], ['', 'SADD l a'], ['', 'DEL l'], ['', 'RPUSH l 1'])
  await play(['scores', 'BZPOPMIN k 0'], ['list', 'BLPOP k 0'], ['', 'RPUSH k 1; EXISTS k; ZADD k 1 m 2 n; ZCARD k'])
  await play(['one', 'BLPOP x y 0'], ['', 'SET x 1; RPUSH y 1'])
})

test('whatever makes a key wakes those who wait for it', async () => {
  const makers = [
    'RENAME from l',
    'COPY from l',
    'SORT from ALPHA STORE l',
    'LMOVE from l LEFT LEFT',
    'RPOPLPUSH from l',
  ]
  for (const maker of makers) await play(['one', 'BLPOP l 0'], ['', `RPUSH from a b; ${maker}; LRANGE l 0 -1`])
  const scored = ['ZUNIONSTORE z 1 from', 'ZINTERSTORE z 1 from', 'ZDIFFSTORE z 1 from', 'ZRANGESTORE z from 0 -1']
  for (const maker of [...scored, 'RENAME from z', 'ZINCRBY z 1 a']) {
    await play(['one', 'BZPOPMAX z 0'], ['', `ZADD from 1 a 2 b; ${maker}; ZRANGE z 0 -1`])
  }
})

test('what is no time to wait is refused', async () => {
  const infinite = ['inf', '-inf', '+inf', 'Infinity', '1e400', '-1e400', '1e5000', '1e20', '9223372036854775807']
  const odd = ['nan', '', ' 1', '1 ', 'x', '0x10', '0x1p70', '-1', '-0', '-0.0001', '1e-5', '1e-400', '-1e-400', '.5']
  const waits = (time: string) => [
    ['BLPOP', 'a', time],
    ['BLMOVE', 'a', 'b', 'LEFT', 'LEFT', time],
    ['BLMPOP', time, '1', 'a', 'LEFT'],
    ['BZPOPMIN', 'a', time],
    ['BZMPOP', time, '1', 'a', 'MIN'],
  ]
  // In a transaction nobody waits.
  const calls = [...infinite, ...odd].flatMap(waits).flatMap(words => [['MULTI'], words, ['EXEC']])
  await sides.same(...calls)
})

test('what is moved wakes those who wait for the destination', async () => {
  const moves: Step[] = [
    ['one', 'BLMOVE a b LEFT RIGHT 0'],
    ['two', 'BRPOPLPUSH b c 0'],
  ]
  await play(...moves, ['', 'RPUSH a x; LRANGE a 0 -1; LRANGE b 0 -1; LRANGE c 0 -1'])
  await play(['one', 'BLMOVE a b LEFT RIGHT 0'], ['two', 'BLMOVE b a LEFT RIGHT 0'], ['', 'RPUSH a x; LRANGE a 0 -1'])
  await play(['one', 'BLMOVE l l LEFT RIGHT 0'], ['', 'RPUSH l 1 2 3; LRANGE l 0 -1'])
  await play(['one', 'BLPOP l 0'], ['two', 'BLMOVE l m LEFT LEFT 0'], ['', 'RPUSH l 1 2; LRANGE m 0 -1'])
})

test('a destination of another type is an error for who moves, and the element is for the next', async () => {
  await play(['', 'SET d v'], ['one', 'BLMOVE l d LEFT LEFT 0'], ['two', 'BLPOP l 0'], ['', 'RPUSH l 1; EXISTS l'])
})

test('a connection that goes away takes nothing', async () => {
  const answers = await play(['gone', 'BLPOP l 0'], ['two', 'BLPOP l 0'], ['gone', 'gone'], ['', 'RPUSH l 1; LLEN l'])
  assert.equal(answers.two, '*[$1 "l", $1 "1"]')
})

test('who has waited long enough is told so, and those behind wait on', async () => {
  await play(['one', 'BLPOP l 0.05'], ['two', 'BRPOP l 0'], ['one', 'answered'], ['', 'RPUSH l 1'])
  await play(['one', 'BLMOVE l m LEFT LEFT 0.05'], ['one', 'answered'])
  await play(['one', 'BLMPOP 0.05 1 l LEFT'], ['one', 'answered'])
  await play(['one', 'BZPOPMIN l 0.05'], ['two', 'BZMPOP .05 1 l MIN'], ['one', 'answered'], ['two', 'answered'])
})

test('several are taken by who asks for several', async () => {
  await play(['one', 'BLMPOP 0 2 x y LEFT COUNT 2'], ['two', 'BLPOP y 0'], ['', 'RPUSH y 1 2 3 4; LRANGE y 0 -1'])
  await play(
    ['one', 'BZMPOP 0 2 x y MAX COUNT 2'],
    ['two', 'BZPOPMIN y 0'],
    ['', 'ZADD y 1 a 2 b 3 c 4 d; ZRANGE y 0 -1'],
  )
})

test('a key is told by its name, in the database of who waits', async () => {
  await play(['one', 'SELECT 3; BLPOP l 0'], ['', 'RPUSH l 0'], ['', 'SELECT 3; RPUSH l 3; LLEN l; SELECT 0; DEL l'])
})

test('what is sent behind a wait is answered behind it', async () => {
  await play(['one', 'BLPOP l 0; PING; RPUSH l again; LLEN l'], ['', 'RPUSH l 1; LLEN l'])
})
