export interface Credentials {
  readonly name: string
  readonly password: string
}

const textLengthMax = 2_048

/** Reads `Authorization: Basic …` (RFC 7617, 2), in UTF-8; undefined when it is none. */
export function readCredentials(header: string | undefined): Credentials | undefined {
  if (header === undefined || header.length > textLengthMax) return undefined
  const [, encoded] = /^basic +([\w+/-]+={0,2})$/i.exec(header.trim()) ?? []
  if (encoded === undefined) return undefined
  const text = Buffer.from(encoded, 'base64').toString('utf8')
  const colon = text.indexOf(':')
  if (colon < 0 || /\p{Cc}/u.test(text)) return undefined
  return { name: text.slice(0, colon), password: text.slice(colon + 1) }
}
