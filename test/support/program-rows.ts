/**
 * What programs do, and the states that they go through: the machine of Supervisor as its documentation has it
 * (http://supervisord.org/subprocess.html#process-states). One table for three players: the plan with a clock that is set
 * (src/supervisor/plan/program-states.test.ts), a real supervisord, and a real tree (test/programs-have-supervisors-states).
 */
import type { ChildState } from '../../src/ipc/status.ts'

/** How one process of a program behaves. */
export type Run =
  /** Until it is asked to end. */
  | { readonly does: 'stays' }
  /** It does not hear SIGTERM. */
  | { readonly does: 'ignores' }
  /** When it is asked to end, it takes so many seconds, and ends with this code. */
  | { readonly does: 'lingers'; readonly seconds: number; readonly code: number }
  /** After so many seconds, by itself, with a code or by a signal. */
  | { readonly does: 'ends'; readonly seconds: number; readonly how: number | 'KILL' | 'TERM' }

/** What an operator does, after so many seconds. */
export interface Act {
  readonly at: number
  readonly does: 'start' | 'stop' | 'restart'
}

export interface Rules {
  readonly autostart: boolean
  readonly startSeconds: number
  readonly startRetries: number
  readonly restart: 'always' | 'on-failure' | 'never'
  readonly successExitCodes: readonly number[]
  readonly stopSignal: 'TERM' | 'INT'
  readonly stopSeconds: number
}

export interface Row {
  readonly title: string
  readonly rules: Rules
  /** What its processes do, one after the other; the last of it from then on. */
  readonly runs: readonly Run[]
  readonly acts: readonly Act[]
  /** The states, each with its second. */
  readonly states: readonly (readonly [at: number, state: ChildState])[]
  /** Where Supervisor does something else, what it does, and why Saola does not. */
  readonly supervisor?: { readonly states: Row['states']; readonly because: string }
}

/** As both have them. */
const usual: Rules = {
  autostart: true,
  startSeconds: 1,
  startRetries: 3,
  restart: 'on-failure',
  successExitCodes: [0],
  stopSignal: 'TERM',
  stopSeconds: 10,
}

const stays: Run = { does: 'stays' }
const ignores: Run = { does: 'ignores' }

function ends(seconds: number, how: number | 'KILL' | 'TERM'): Run {
  return { does: 'ends', seconds, how }
}

function lingers(seconds: number, code: number): Run {
  return { does: 'lingers', seconds, code }
}

type Sketch = Partial<Rules> & {
  readonly runs: readonly Run[]
  readonly acts?: readonly [at: number, does: Act['does']][]
  /** `0 STARTING, 1 RUNNING`. */
  readonly states: string
  readonly supervisor?: { readonly states: string; readonly because: string }
}

function row(title: string, { runs, acts = [], states, supervisor, ...rules }: Sketch): Row {
  return {
    title,
    rules: { ...usual, ...rules },
    runs,
    acts: acts.map(([at, does]) => ({ at, does })),
    states: statesIn(states),
    ...(supervisor && { supervisor: { ...supervisor, states: statesIn(supervisor.states) } }),
  }
}

function statesIn(text: string): Row['states'] {
  return text
    .split(', ')
    .filter(step => step !== '')
    .map(step => {
      const [at, state] = step.split(' ')
      return [Number(at), state as ChildState] as const
    })
}

/**
 * Times are chosen so that a busy machine, where all that sleeps wakes late, plays the same states. Restarts of a tree are made
 * one at a time, so there are never two at once.
 */
export const rows: readonly Row[] = [
  row('is up after startSeconds', { runs: [stays], states: '0 STARTING, 1 RUNNING' }),
  row('is up later with longer startSeconds', { startSeconds: 3, runs: [stays], states: '0 STARTING, 3 RUNNING' }),
  row('is up at once without startSeconds', { startSeconds: 0, runs: [stays], states: '0 STARTING, 0 RUNNING' }),
  row('does not start without autostart', { autostart: false, runs: [stays], states: '' }),

  row('that ends too early waits longer each time, and is given up', {
    startSeconds: 2,
    startRetries: 2,
    runs: [ends(0.2, 1)],
    states: '0 STARTING, 0.2 BACKOFF, 1.2 STARTING, 1.4 BACKOFF, 3.4 STARTING, 3.6 BACKOFF, 3.6 FATAL',
  }),
  row('that ends too early has failed, whatever its exit code', {
    startSeconds: 2,
    startRetries: 0,
    runs: [ends(0.2, 0)],
    states: '0 STARTING, 0.2 BACKOFF, 0.2 FATAL',
  }),
  row('that ends too early is tried again, though it is never to be restarted', {
    startSeconds: 2,
    startRetries: 1,
    restart: 'never',
    runs: [ends(0.2, 'KILL')],
    states: '0 STARTING, 0.2 BACKOFF, 1.2 STARTING, 1.4 BACKOFF, 1.4 FATAL',
  }),
  row('comes up at a later attempt', {
    startSeconds: 2,
    runs: [ends(0.2, 1), ends(0.2, 1), stays],
    states: '0 STARTING, 0.2 BACKOFF, 1.2 STARTING, 1.4 BACKOFF, 3.4 STARTING, 5.4 RUNNING',
  }),
  row('that was up has all its attempts again', {
    startSeconds: 2,
    startRetries: 1,
    runs: [ends(0.2, 1), ends(3.5, 1), ends(0.2, 1), stays],
    states:
      '0 STARTING, 0.2 BACKOFF, 1.2 STARTING, 3.2 RUNNING, 4.7 EXITED, 4.7 STARTING, 4.9 BACKOFF, 5.9 STARTING, 7.9 RUNNING',
  }),

  row('that has succeeded stays as it is', { runs: [ends(2.5, 0)], states: '0 STARTING, 1 RUNNING, 2.5 EXITED' }),
  row('that has failed starts again', {
    runs: [ends(2.5, 3), stays],
    states: '0 STARTING, 1 RUNNING, 2.5 EXITED, 2.5 STARTING, 3.5 RUNNING',
  }),
  row('says itself which codes are a success', {
    successExitCodes: [0, 3],
    runs: [ends(2.5, 3)],
    states: '0 STARTING, 1 RUNNING, 2.5 EXITED',
  }),
  row('may count 0 as a failure', {
    successExitCodes: [3],
    runs: [ends(2.5, 0), stays],
    states: '0 STARTING, 1 RUNNING, 2.5 EXITED, 2.5 STARTING, 3.5 RUNNING',
  }),
  row('that a signal has ended starts again', {
    runs: [ends(2.5, 'TERM'), stays],
    states: '0 STARTING, 1 RUNNING, 2.5 EXITED, 2.5 STARTING, 3.5 RUNNING',
  }),
  row('always starts again, after a success, too', {
    restart: 'always',
    runs: [ends(2.5, 0), stays],
    states: '0 STARTING, 1 RUNNING, 2.5 EXITED, 2.5 STARTING, 3.5 RUNNING',
  }),
  row('never starts again, not even after a failure', {
    restart: 'never',
    runs: [ends(2.5, 3)],
    states: '0 STARTING, 1 RUNNING, 2.5 EXITED',
  }),
  row('never starts again after a signal', {
    restart: 'never',
    runs: [ends(2.5, 'KILL')],
    states: '0 STARTING, 1 RUNNING, 2.5 EXITED',
  }),
  row('without startSeconds cannot end too early', {
    startSeconds: 0,
    runs: [ends(0.2, 0)],
    states: '0 STARTING, 0 RUNNING, 0.2 EXITED',
  }),
  row('without startSeconds starts once a second at most', {
    startSeconds: 0,
    restart: 'always',
    runs: [ends(0.2, 1), ends(0.2, 0), stays],
    states: '0 STARTING, 0 RUNNING, 0.2 EXITED, 1 STARTING, 1 RUNNING, 1.2 EXITED, 2 STARTING, 2 RUNNING',
    supervisor: {
      states: '0 STARTING, 0 RUNNING, 0.2 EXITED, 0.2 STARTING, 0.2 RUNNING, 0.4 EXITED, 0.4 STARTING, 0.4 RUNNING',
      because: 'it has no such limit but the pace of its own loop',
    },
  }),

  row('is stopped', {
    runs: [stays],
    acts: [[3, 'stop']],
    states: '0 STARTING, 1 RUNNING, 3 STOPPING, 3 STOPPED',
  }),
  row('is stopped by a signal of its choice', {
    stopSignal: 'INT',
    runs: [ignores],
    acts: [[3, 'stop']],
    states: '0 STARTING, 1 RUNNING, 3 STOPPING, 3 STOPPED',
  }),
  row('is stopped while it starts', {
    startSeconds: 8,
    runs: [stays],
    acts: [[2, 'stop']],
    states: '0 STARTING, 2 STOPPING, 2 STOPPED',
  }),
  row('that takes its time to end is waited for, and does not start again', {
    restart: 'always',
    runs: [lingers(1.5, 1)],
    acts: [[3, 'stop']],
    states: '0 STARTING, 1 RUNNING, 3 STOPPING, 4.5 STOPPED',
  }),
  row('that does not end is killed', {
    stopSeconds: 2,
    runs: [ignores],
    acts: [[3, 'stop']],
    states: '0 STARTING, 1 RUNNING, 3 STOPPING, 5 STOPPED',
  }),
  row('that waits for its next attempt is stopped', {
    startSeconds: 2,
    runs: [ends(0.2, 1)],
    acts: [[5, 'stop']],
    states: '0 STARTING, 0.2 BACKOFF, 1.2 STARTING, 1.4 BACKOFF, 3.4 STARTING, 3.6 BACKOFF, 5 STOPPED',
  }),
  row('that has ended stays EXITED when it is stopped', {
    runs: [ends(1.8, 0)],
    acts: [[5, 'stop']],
    states: '0 STARTING, 1 RUNNING, 1.8 EXITED',
  }),
  row('that was given up stays FATAL when it is stopped', {
    startSeconds: 2,
    startRetries: 0,
    runs: [ends(0.2, 1)],
    acts: [[5, 'stop']],
    states: '0 STARTING, 0.2 BACKOFF, 0.2 FATAL',
  }),

  row('without autostart starts when it is asked for', {
    autostart: false,
    runs: [stays],
    acts: [[1.5, 'start']],
    states: '1.5 STARTING, 2.5 RUNNING',
  }),
  row('that was stopped starts', {
    runs: [stays],
    acts: [
      [2.7, 'stop'],
      [3.2, 'start'],
    ],
    states: '0 STARTING, 1 RUNNING, 2.7 STOPPING, 2.7 STOPPED, 3.2 STARTING, 4.2 RUNNING',
  }),
  row('that has ended starts', {
    runs: [ends(1.8, 0), stays],
    acts: [[4.5, 'start']],
    states: '0 STARTING, 1 RUNNING, 1.8 EXITED, 4.5 STARTING, 5.5 RUNNING',
  }),
  row('that was given up starts, and has all its attempts again', {
    startSeconds: 2,
    startRetries: 1,
    runs: [ends(0.2, 1)],
    acts: [[6, 'start']],
    states:
      '0 STARTING, 0.2 BACKOFF, 1.2 STARTING, 1.4 BACKOFF, 1.4 FATAL, ' +
      '6 STARTING, 6.2 BACKOFF, 7.2 STARTING, 7.4 BACKOFF, 7.4 FATAL',
  }),
  row('that was stopped between two attempts starts, and has all its attempts again', {
    startSeconds: 2,
    runs: [ends(0.2, 1), ends(0.2, 1), ends(0.2, 1), ends(0.2, 1), stays],
    acts: [
      [5.3, 'stop'],
      [7.7, 'start'],
    ],
    states:
      '0 STARTING, 0.2 BACKOFF, 1.2 STARTING, 1.4 BACKOFF, 3.4 STARTING, 3.6 BACKOFF, 5.3 STOPPED, 7.7 STARTING, 7.9 BACKOFF, 8.9 STARTING, 10.9 RUNNING',
    supervisor: {
      states:
        '0 STARTING, 0.2 BACKOFF, 1.2 STARTING, 1.4 BACKOFF, 3.4 STARTING, 3.6 BACKOFF, 5.3 STOPPED, 7.7 STARTING, 7.9 BACKOFF, 7.9 FATAL',
      because: 'it counts on from before',
    },
  }),

  row('is restarted', {
    runs: [stays],
    acts: [[6.5, 'restart']],
    states: '0 STARTING, 1 RUNNING, 6.5 STOPPING, 6.5 STOPPED, 6.5 STARTING, 7.5 RUNNING',
  }),
  row('that takes its time to end is restarted when it has', {
    runs: [lingers(1.5, 0), stays],
    acts: [[8.2, 'restart']],
    states: '0 STARTING, 1 RUNNING, 8.2 STOPPING, 9.7 STOPPED, 9.7 STARTING, 10.7 RUNNING',
  }),
  row('is stopped while it restarts', {
    startSeconds: 2,
    runs: [stays],
    acts: [
      [11, 'restart'],
      [11.8, 'stop'],
    ],
    states: '0 STARTING, 2 RUNNING, 11 STOPPING, 11 STOPPED, 11 STARTING, 11.8 STOPPING, 11.8 STOPPED',
  }),
]
