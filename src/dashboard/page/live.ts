/**
 * The one stream of news of the tree. It is closed while nobody sees the page, and begins with all there is when it comes back: so
 * nothing has to be caught up with, and a page in the background costs nothing.
 */
import type { Hello, SessionView, Tick, TreeEvent } from '../api.ts'
import { get, urlOf } from './api-client.ts'
import { retryDelayMs } from './backoff.ts'
import { setServerTime } from './clock.ts'
import { applyEvent, applyTick, type LiveState, type LiveView, viewOfHello } from './live-state.ts'
import { type Observable, observable } from './observable.ts'

/** A tick comes each second: after so long without one, nobody is at the other end. */
const silenceMaxMs = 6_000

/** Every piece of news as it comes, for those that keep more than the last. */
export type Hear = (news: { readonly hello?: Hello; readonly tick?: Tick; readonly event?: TreeEvent }) => void

export interface Live extends Observable<LiveState> {
  /** Returns how to end it. */
  onNews(hear: Hear): () => void
  retryNow(): void
  start(): void
  stop(): void
}

const begin: LiveState = { phase: 'connecting', phaseSince: Date.now(), retryAt: undefined, view: undefined }

export const live: Live = createLive()

function createLive(): Live {
  const state = observable(begin)
  const hearers = new Set<Hear>()
  let source: EventSource | undefined
  let timer: number | undefined
  let failures = 0
  let isWanted = false

  function connect() {
    close()
    if (!isWanted || document.hidden) return
    if (state.get().phase !== 'disconnected') enter('connecting')
    const opened = new EventSource(urlOf('/api/live'))
    source = opened
    const on = <News>(name: string, hear: (news: News) => void) =>
      opened.addEventListener(name, event => {
        if (opened !== source) return
        expectMore()
        hear(JSON.parse((event as MessageEvent<string>).data))
      })
    on<Hello>('hello', hello => {
      failures = 0
      setServerTime(hello.at)
      enter('live', viewOfHello(hello))
      for (const hear of hearers) hear({ hello })
    })
    on<Tick>('tick', tick => {
      setServerTime(tick.at)
      change(view => applyTick(view, tick))
      for (const hear of hearers) hear({ tick })
    })
    on<TreeEvent>('event', event => {
      change(view => applyEvent(view, event))
      for (const hear of hearers) hear({ event })
    })
    for (const end of ['bye', 'error']) opened.addEventListener(end, () => opened === source && fail())
    expectMore()
  }

  function expectMore() {
    clearTimeout(timer)
    timer = setTimeout(fail, silenceMaxMs)
  }

  function fail() {
    close()
    const delayMs = retryDelayMs(failures++, Math.random())
    state.set({ ...state.get(), phase: 'disconnected', phaseSince: lostSince(), retryAt: Date.now() + delayMs })
    timer = setTimeout(connect, delayMs)
    // A stream does not say why it was refused; if it was because nobody is signed in, this is told by the client.
    void get<SessionView>('/api/session').catch(() => {})
  }

  function lostSince(): number {
    const { phase, phaseSince } = state.get()
    return phase === 'disconnected' ? phaseSince : Date.now()
  }

  function enter(phase: LiveState['phase'], view: LiveView | undefined = state.get().view) {
    const phaseSince = state.get().phase === phase ? state.get().phaseSince : Date.now()
    state.set({ phase, phaseSince, retryAt: undefined, view })
  }

  function change(next: (view: LiveView) => LiveView) {
    const { view } = state.get()
    if (view) state.set({ ...state.get(), view: next(view) })
  }

  function close() {
    clearTimeout(timer)
    source?.close()
    source = undefined
  }

  document.addEventListener('visibilitychange', connect)
  // A page that the browser keeps to go back to must not hold a connection, either.
  addEventListener('pagehide', close)
  addEventListener('pageshow', event => event.persisted && connect())

  return {
    ...state,
    onNews(hear) {
      hearers.add(hear)
      return () => hearers.delete(hear)
    },
    retryNow() {
      if (isWanted) connect()
    },
    start() {
      if (isWanted) return
      isWanted = true
      connect()
    },
    stop() {
      isWanted = false
      close()
      state.set({ ...begin, phaseSince: Date.now() })
    },
  }
}
