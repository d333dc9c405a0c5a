/**
 * What a connection of HTTP/2 can do to cost more than it asks for. The application answers `/`, reads `/upload`, answers `/large`
 * with 1 MB, and `/never` not at all.
 */
import {
  block,
  type FrameConnection,
  flags,
  frame,
  frameTypes,
  initialWindow,
  requestFields,
  windowUpdate,
} from './http2-frames.ts'

const noError = 0
const cancel = 8
const enhanceYourCalm = 11

interface Http2Attack {
  readonly attack: (client: FrameConnection) => void | Promise<void>
  readonly codes: readonly (number | undefined)[]
}

export const post = requestFields('/upload', 'POST')

/** Each with the codes that its last GOAWAY may have; an empty list: the connection just ends. */
export const http2Attacks: Readonly<Record<string, Http2Attack>> = {
  'no request at all': { attack: () => {}, codes: [noError] },
  'HEADERS without END_HEADERS': {
    attack: client => client.send(frame(frameTypes.headers, flags.endStream, 1, block(requestFields()))),
    codes: [noError],
  },
  'CONTINUATION without an end': {
    attack: client => {
      client.send(frame(frameTypes.headers, 0, 1, block(requestFields())))
      for (let index = 0; index < 200; index++) client.send(frame(frameTypes.continuation, 0, 1, block([['x-a', 'a']])))
    },
    codes: [noError, 1, 2, enhanceYourCalm],
  },
  'an idle connection': { attack: async client => answered(client), codes: [noError] },
  'an idle connection that sends PING': {
    attack: async client => {
      await answered(client)
      const timer = setInterval(() => client.send(ping), 40)
      void client.closed.then(() => clearInterval(timer))
    },
    codes: [noError],
  },
  'POST without a body': { attack: client => client.request(1, post, flags.endHeaders), codes: [noError] },
  'a reader without a window': {
    attack: client => {
      client.send(initialWindow(0))
      for (let id = 1; id < 40; id += 2) client.request(id, requestFields('/large'))
    },
    codes: [noError, enhanceYourCalm],
  },
  'a PING flood': { attack: client => client.send(...Array(2_000).fill(ping)), codes: [enhanceYourCalm] },
  'a SETTINGS flood': {
    attack: client => client.send(...Array(2_000).fill(frame(frameTypes.settings, 0, 0))),
    codes: [enhanceYourCalm],
  },
  'empty DATA frames': {
    attack: client => {
      client.request(1, post, flags.endHeaders)
      client.send(...Array(2_000).fill(frame(frameTypes.data, 0, 1)))
    },
    codes: [undefined, 1, 2, enhanceYourCalm],
  },
  'a WINDOW_UPDATE flood': {
    attack: client => {
      client.request(1, requestFields('/never'))
      client.send(...Array(50_000).fill(windowUpdate(0, 1)))
    },
    codes: [enhanceYourCalm],
  },
  'rapid reset': {
    attack: client => {
      for (let id = 1; id < 4_000; id += 2) {
        client.request(id, requestFields('/never'))
        client.send(frame(frameTypes.reset, 0, id, Buffer.from([0, 0, 0, cancel])))
      }
    },
    codes: [undefined, noError, 2, enhanceYourCalm],
  },
  'malformed requests': {
    attack: client => {
      for (let id = 1; id < 600; id += 2) client.request(id, [...requestFields(), ['host', 'other.org']])
    },
    codes: [undefined, noError, 2, enhanceYourCalm],
  },
  'an HPACK bomb': {
    attack: client => {
      // One large field into the dynamic table, then references to it alone (RFC 7541, 6.1 and 6.2.1).
      const seed = Buffer.concat([
        Buffer.from([0x40, 3]),
        Buffer.from('x-b'),
        Buffer.from([0x7f, 0xa1, 0x1e]),
        Buffer.alloc(4_000, 'b'),
      ])
      const bomb = Buffer.concat([block(requestFields()), seed, Buffer.alloc(10_000, 0xbe)])
      for (let id = 1; id < 400; id += 2) client.send(frame(frameTypes.headers, 5, id, bomb))
    },
    codes: [undefined, noError, 1, enhanceYourCalm],
  },
}

export const ping = frame(frameTypes.ping, 0, 0, Buffer.alloc(8))

async function answered(client: FrameConnection): Promise<void> {
  client.request(1, requestFields())
  await client.answer(1)
}
