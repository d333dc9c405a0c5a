import { lookUp } from '../look-up.ts'
import { entry } from '../source.ts'
import type { SectionReader } from './section-reader.ts'

const ownSignals = ['TERM', 'HUP', 'INT', 'QUIT', 'KILL', 'USR1', 'USR2']

/** Signals by number, as on Linux. */
const signalNumbers: Readonly<Record<string, string>> = {
  1: 'HUP',
  2: 'INT',
  3: 'QUIT',
  9: 'KILL',
  10: 'USR1',
  12: 'USR2',
  15: 'TERM',
}

const startSecondsDefault = '1s'
const startRetriesDefault = 3
const stopTimeoutDefault = '10s'

/** When a program starts, and starts again. */
export function readStart(reader: SectionReader) {
  const startSeconds = reader.duration('startsecs')
  const startRetries = reader.integer('startretries')
  const restart = readRestart(reader)
  const codes = readExitCodes(reader)
  const isDefault = codes?.join() === '0'
  return [
    entry('autostart', reader.boolean('autostart') === false ? false : undefined),
    entry('restart', restart === 'on-failure' ? undefined : restart),
    entry('successExitCodes', restart === 'on-failure' && !isDefault ? codes : undefined),
    entry('startSeconds', startSeconds === startSecondsDefault ? undefined : startSeconds),
    entry('startRetries', startRetries === startRetriesDefault ? undefined : startRetries),
  ]
}

/** supervisord's default, `unexpected`, is Saola's `on-failure`. */
function readRestart(reader: SectionReader): 'always' | 'on-failure' | 'never' {
  if (reader.plain('autorestart')?.trim().toLowerCase() === 'unexpected') return 'on-failure'
  const isWanted = reader.boolean('autorestart')
  return isWanted === undefined ? 'on-failure' : isWanted ? 'always' : 'never'
}

function readExitCodes(reader: SectionReader): number[] | undefined {
  const text = reader.plain('exitcodes')
  if (text === undefined) return undefined
  const codes = text.split(',').map(code => Number(code.trim() || Number.NaN))
  if (codes.every(code => Number.isInteger(code) && code >= 0 && code <= 255)) return codes
  reader.report.skipped(reader.place('exitcodes'), 'supervisord expects numbers from 0 to 255, such as 0,2')
  return undefined
}

/** How it ends. */
export function readStop(reader: SectionReader) {
  const signal = readSignal(reader)
  const stopTimeout = reader.duration('stopwaitsecs')
  const isForGroup = reader.boolean('stopasgroup') === true
  const isKillOfGroup = reader.boolean('killasgroup')
  if (isKillOfGroup === false) {
    reader.report.changed(reader.place('killasgroup'), 'what is killed is killed with all that it has started')
  }
  return [
    entry('stopSignal', signal === 'TERM' ? undefined : signal),
    entry('stopMode', isForGroup ? undefined : 'process'),
    entry('stopTimeout', stopTimeout === stopTimeoutDefault ? undefined : stopTimeout),
  ]
}

function readSignal(reader: SectionReader): string | undefined {
  const text = reader.plain('stopsignal')?.trim().toUpperCase().replace(/^SIG/, '')
  if (text === undefined) return undefined
  const signal = lookUp(signalNumbers, text) ?? text
  if (ownSignals.includes(signal)) return signal
  reader.report.skipped(reader.place('stopsignal'), `stopSignal is one of ${ownSignals.join(', ')}: TERM is sent`)
  return undefined
}
