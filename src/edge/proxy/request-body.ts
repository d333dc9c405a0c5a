import { Readable } from 'node:stream'
import { ServerError } from '../../base/errors.ts'
import { continueBody, type EdgeRequest } from '../edge-request.ts'

/**
 * The body of a request for an upstream. undici destroys what it is given when a connection breaks: this stands between,
 * so that the client's own connection lives on and can be told what happened.
 */
export class RequestBody extends Readable {
  /** Something was taken from the client: it cannot be sent a second time. */
  isTouched = false
  readonly #request: EdgeRequest

  constructor(request: EdgeRequest) {
    super({ highWaterMark: 64 * 1024 })
    this.#request = request
  }

  override _read(): void {
    const { req } = this.#request
    if (!this.isTouched) {
      this.isTouched = true
      continueBody(this.#request)
      req.on('data', this.#onData).on('end', this.#onEnd).on('close', this.#onClose).on('error', this.#onError)
    }
    req.resume()
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    const { req } = this.#request
    // One of which nothing was read stands in the way of nobody: the body may be another's by now.
    if (this.isTouched) req.pause()
    req.off('data', this.#onData).off('end', this.#onEnd).off('close', this.#onClose).off('error', this.#onError)
    callback(error)
  }

  readonly #onData = (chunk: Buffer): void => {
    if (!this.push(chunk)) this.#request.req.pause()
  }

  readonly #onEnd = (): void => void this.push(null)

  readonly #onClose = (): void => {
    if (!this.#request.req.readableEnded) this.destroy(new ServerError('ERR_BODY_NOT_TAKEN', 'The client has left.'))
  }

  readonly #onError = (error: Error): void => void this.destroy(error)
}
