import type { LogFile } from '../../supervisor/app-definition.ts'
import type { ProgramLaunch } from '../../supervisor/spawn-program.ts'

/** An entry of the section `cron` as the supervisor runs it: resolved, and free of everything that only its processes need. */
export interface CronDefinition extends RunRules {
  /** As it is written: `0 3 * * *`. */
  readonly schedule: string
  readonly timeZone: string
  readonly catchUp: 'none' | 'one'
  readonly overlap: 'skip' | 'queue' | 'allow'
  /** `undefined`: the supervisor's own output. */
  readonly stdout: LogFile | undefined
  readonly stderr: LogFile | undefined
  /** How one run of it is started. */
  launch(asked: RunAsked): ProgramLaunch
}

/** What a run goes by. */
export interface RunRules {
  readonly name: string
  /** 0: none. */
  readonly timeoutMs: number
  readonly stopSignal: NodeJS.Signals
  readonly stopTimeoutMs: number
  readonly successExitCodes: readonly number[]
}

/** What a run is told. */
export interface RunAsked {
  /** The slot that it is for, or when somebody has asked for it: milliseconds since 1970. */
  readonly scheduledAt: number
  /** What stood behind `--` in `saola run NAME -- …`. */
  readonly args: readonly string[]
}
