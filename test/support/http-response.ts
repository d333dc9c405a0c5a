/**
 * Reads HTTP/1.1 responses exactly as they came, because the clients of node:http and fetch repair and repeat:
 * a test that counts lost requests must see every one.
 */
export interface HttpResponse {
  readonly status: number
  /** Names in lower case. Lines of the same name are joined with a comma. */
  readonly headers: ReadonlyMap<string, string>
  readonly body: Buffer
  /** Whether the server has announced that it sends nothing more on this connection. */
  readonly isLast: boolean
}

export interface ParsedResponse {
  readonly response: HttpResponse
  /** How many bytes of the input are this response; the rest belongs to the next one. */
  readonly sizeBytes: number
}

export interface ParseOptions {
  /** The request was a HEAD: the response has no body, whatever its headers say. */
  readonly isHead?: boolean
  /** The server has closed its side: a body without a length ends here. */
  readonly isEnded?: boolean
}

const headSizeBytesMax = 64 * 1024

/**
 * The first response in `input`, or undefined while it is not complete. Interim responses (1xx) are passed over.
 *
 * ```ts
 * parseResponse(Buffer.from('HTTP/1.1 204 No Content\r\n\r\n'))?.response.status // 204
 * ```
 *
 * @throws {Error} when the bytes are not an HTTP/1.1 response.
 */
export function parseResponse(input: Buffer, options: ParseOptions = {}): ParsedResponse | undefined {
  const headEnd = input.indexOf('\r\n\r\n')
  if (headEnd < 0) {
    if (input.length > headSizeBytesMax) throw new Error('The head of the response has no end.')
    return undefined
  }
  const { version, status, headers } = parseHead(input.toString('latin1', 0, headEnd))
  const bodyStart = headEnd + 4
  if (status >= 100 && status < 200) {
    const next = parseResponse(input.subarray(bodyStart), options)
    return next && { ...next, sizeBytes: bodyStart + next.sizeBytes }
  }
  const hasBody = !options.isHead && status !== 204 && status !== 304
  const framing = hasBody ? framingOf(headers) : 0
  const body = readBody(input.subarray(bodyStart), framing, options.isEnded === true)
  if (!body) return undefined
  const connection = headers.get('connection')?.toLowerCase() ?? ''
  const isLast = framing === 'until-close' || /\bclose\b/.test(connection) || version === '1.0'
  return { response: { status, headers, body: body.content, isLast }, sizeBytes: bodyStart + body.sizeBytes }
}

function parseHead(head: string) {
  const [statusLine = '', ...lines] = head.split('\r\n')
  const start = /^HTTP\/(1\.[01]) ([1-5]\d\d)(?: .*)?$/.exec(statusLine)
  if (!start) throw new Error(`Expected the status line of a response, got ${JSON.stringify(statusLine.slice(0, 80))}.`)
  const headers = new Map<string, string>()
  for (const line of lines) {
    const [, name, value = ''] = /^([!#$%&'*+.^_`|~\w-]+):[ \t]*(.*?)[ \t]*$/.exec(line) ?? []
    if (name === undefined) throw new Error(`Expected a header, got ${JSON.stringify(line.slice(0, 80))}.`)
    const key = name.toLowerCase()
    const earlier = headers.get(key)
    headers.set(key, earlier === undefined ? value : `${earlier}, ${value}`)
  }
  return { version: start[1], status: Number(start[2]), headers }
}

type Framing = number | 'chunked' | 'until-close'

function framingOf(headers: ReadonlyMap<string, string>): Framing {
  const length = headers.get('content-length')
  const encoding = headers.get('transfer-encoding')
  if (encoding !== undefined && length !== undefined) throw new Error('The response has two lengths.')
  if (encoding?.toLowerCase() === 'chunked') return 'chunked'
  if (encoding !== undefined) throw new Error(`Expected chunked, got ${encoding}.`)
  if (length === undefined) return 'until-close'
  if (!/^\d+$/.test(length)) throw new Error(`Expected a content-length, got ${length}.`)
  return Number(length)
}

interface Body {
  readonly content: Buffer
  readonly sizeBytes: number
}

function readBody(input: Buffer, framing: Framing, isEnded: boolean): Body | undefined {
  if (framing === 'chunked') return readChunks(input)
  if (framing === 'until-close') return isEnded ? { content: input, sizeBytes: input.length } : undefined
  return input.length < framing ? undefined : { content: input.subarray(0, framing), sizeBytes: framing }
}

function readChunks(input: Buffer): Body | undefined {
  const chunks: Buffer[] = []
  let position = 0
  for (;;) {
    const lineEnd = input.indexOf('\r\n', position)
    if (lineEnd < 0) return undefined
    const size = /^([0-9a-f]+)(?:;.*)?$/i.exec(input.toString('latin1', position, lineEnd))?.[1]
    if (size === undefined) throw new Error('Expected the size of a chunk.')
    const start = lineEnd + 2
    const end = start + Number.parseInt(size, 16)
    // Trailers are not read: none of the servers under test sends any.
    if (input.length < end + 2) return undefined
    if (input.toString('latin1', end, end + 2) !== '\r\n') throw new Error('A chunk is longer than its size.')
    position = end + 2
    if (end === start) return { content: Buffer.concat(chunks), sizeBytes: position }
    chunks.push(input.subarray(start, end))
  }
}
