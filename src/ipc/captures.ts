/**
 * What is said about profiles and heap snapshots of a process: by the supervisor and its watch thread, a JSON line each on the
 * pipe of that thread, and to whoever has asked for one, over the control socket.
 */

/** What is asked for; `heap` is a heap snapshot. */
export type CaptureWish =
  | { readonly kind: 'profile'; readonly seconds: number }
  /** The main thread stands still meanwhile. */
  | { readonly kind: 'heap' }

export type CaptureRequest =
  | { readonly type: 'capture'; readonly id: number; readonly wish: CaptureWish }
  /** The next piece, please: none is sent without, so nobody has to keep what is not read yet. */
  | { readonly type: 'read'; readonly id: number }
  /** It is not wanted any more. Answered by `capture-over`. */
  | { readonly type: 'cancel'; readonly id: number }

export type CaptureReply =
  /** The main thread has answered: from now on it is recorded, or stands still. */
  | { readonly type: 'capturing'; readonly id: number }
  /** It is there to be read; `tookMs` is how long it was recorded, or how long the main thread stood still. */
  | { readonly type: 'captured'; readonly id: number; readonly bytes: number; readonly tookMs: number }
  /** Empty: that was all, and the thread has forgotten it. */
  | { readonly type: 'piece'; readonly id: number; readonly base64: string }
  /** It was cancelled, or has failed. */
  | { readonly type: 'capture-over'; readonly id: number; readonly error?: string }

/** What whoever has asked is told. Either `ended` or `failed` is the last. */
export type CaptureLine =
  | { readonly type: 'begun'; readonly pid: number }
  | { readonly type: 'captured'; readonly bytes: number; readonly tookMs: number }
  /** A piece of the file. */
  | { readonly type: 'data'; readonly base64: string }
  | { readonly type: 'ended'; readonly bytes: number }
  | { readonly type: 'failed'; readonly message: string }

/** How long a main thread may stand still for its heap snapshot, in milliseconds, before it counts as hanging: 5 minutes. */
export const heapWaitMs = 300_000
/** How much longer than it was to be recorded a profile may take, in milliseconds. */
export const profileGraceMs = 30_000
