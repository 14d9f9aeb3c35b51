import type { Duplex } from 'node:stream';
import { setTimeout } from 'node:timers/promises';
import { type Outcome, outcomeOf } from '../support/raw-http.ts';

/** One way to misuse a connection, and how it may end. */
export interface Abuse {
  readonly name: string;
  /** Statuses that may be answered; `closed` for an end without an answer. */
  readonly ends: readonly (number | 'closed')[];
  /** Does it. What it leaves unread is read afterwards. */
  act(socket: Duplex): Promise<void>;
}

const host = 'Host: localhost:3000\r\n';
const form = 'Content-Type: application/x-www-form-urlencoded\r\n';
const post = `POST /token HTTP/1.1\r\n${host}${form}`;
const say = (text: string) => async (socket: Duplex) => void socket.write(text, 'latin1');
const sayAndEnd = (text: string) => async (socket: Duplex) => void socket.end(text, 'latin1');

/** One byte after another, until the server has had enough. */
async function drip(socket: Duplex, text: string, pause: number): Promise<void> {
  for (const byte of text) {
    if (socket.destroyed || socket.writableEnded) return;
    socket.write(byte);
    await setTimeout(pause);
  }
}

/** The server is expected to give a client one second for a whole request. */
export const abuses: readonly Abuse[] = [
  { name: 'says nothing', ends: [408, 'closed'], act: async () => {} },
  { name: 'sends headers byte by byte', ends: [408], act: (socket) => drip(socket, post.padEnd(200, 'x'), 50) },
  {
    name: 'sends a body byte by byte',
    ends: [408, 400],
    act: (socket) => drip(socket, `${post}Content-Length: 500\r\n\r\n${'a'.repeat(100)}`, 30),
  },
  { name: 'announces a body and sends none', ends: [408, 400], act: say(`${post}Content-Length: 10\r\n\r\n`) },
  {
    name: 'waits for 100 Continue and then for ever',
    ends: [408, 400],
    act: say(`${post}Content-Length: 10\r\nExpect: 100-continue\r\n\r\n`),
  },
  {
    name: 'closes its half in the middle of a body',
    ends: [400],
    act: sayAndEnd(`${post}Content-Length: 100\r\n\r\ngrant_type=`),
  },
  { name: 'closes its half in the middle of the headers', ends: [400], act: sayAndEnd(post) },
  {
    name: 'closes its half in the middle of a chunk',
    ends: [400],
    act: sayAndEnd(`${post}Transfer-Encoding: chunked\r\n\r\n40\r\ngrant_type=`),
  },
  {
    name: 'closes its half before the last chunk',
    ends: [400],
    act: sayAndEnd(`${post}Transfer-Encoding: chunked\r\n\r\n5\r\ngrant\r\n`),
  },
  {
    name: 'sends a chunk size that is no number',
    ends: [400],
    act: say(`${post}Transfer-Encoding: chunked\r\n\r\nzz\r\ngrant\r\n`),
  },
  {
    name: 'sends a chunk that is longer than it said',
    ends: [400],
    act: say(`${post}Transfer-Encoding: chunked\r\n\r\n2\r\ngrant_type\r\n0\r\n\r\n`),
  },
  {
    name: 'sends a huge chunk extension',
    ends: [413, 400],
    act: say(`${post}Transfer-Encoding: chunked\r\n\r\n2;${'x'.repeat(40_000)}\r\nab\r\n0\r\n\r\n`),
  },
  { name: 'sends two lengths', ends: [400], act: say(`${post}Content-Length: 2\r\nContent-Length: 3\r\n\r\nabc`) },
  {
    name: 'sends a length and chunks',
    ends: [400],
    act: say(`${post}Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`),
  },
  { name: 'sends a negative length', ends: [400], act: say(`${post}Content-Length: -1\r\n\r\n`) },
  { name: 'sends more than it announced', ends: [400, 401], act: say(`${post}Content-Length: 2\r\n\r\na=bcdefgh`) },
  {
    name: 'sends a body that is too large',
    ends: [413],
    act: say(`${post}Content-Length: 5000000\r\n\r\n${'a'.repeat(5_000_000)}`),
  },
  {
    name: 'sends chunks without end',
    ends: [413],
    act: say(`${post}Transfer-Encoding: chunked\r\n\r\n${`8000\r\n${'a'.repeat(0x8000)}\r\n`.repeat(200)}`),
  },
  { name: 'sends thousands of headers', ends: [431], act: say(`${post}${'X-Flood: 1\r\n'.repeat(20_000)}\r\n`) },
  { name: 'sends one huge header', ends: [431], act: say(`${post}Cookie: ${'a'.repeat(200_000)}\r\n\r\n`) },
  {
    name: 'sends a huge request target',
    ends: [431, 414],
    act: say(`GET /authorize?${'a'.repeat(200_000)} HTTP/1.1\r\n${host}\r\n`),
  },
  { name: 'sends no host', ends: [400], act: say('GET /token HTTP/1.1\r\n\r\n') },
  { name: 'folds a header', ends: [400], act: say(`GET /jwks.json HTTP/1.1\r\n${host}X: a\r\n b\r\n\r\n`) },
  {
    name: 'ends lines with a line feed only',
    ends: [400, 200],
    act: say('GET /jwks.json HTTP/1.1\nHost: localhost:3000\n\n'),
  },
  { name: 'speaks TLS', ends: [400], act: say('\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03'.padEnd(517, '\x00')) },
  { name: 'speaks HTTP/2', ends: [400], act: say('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n') },
  { name: 'speaks an HTTP that there is not', ends: [400, 505], act: say(`GET /jwks.json HTTP/9.9\r\n${host}\r\n`) },
  {
    name: 'sends noise',
    ends: [400],
    act: say(Array.from({ length: 3000 }, (_, n) => String.fromCharCode((n * 167 + 13) % 256)).join('')),
  },
  { name: 'wants a tunnel', ends: [404, 405, 'closed'], act: say(`CONNECT evil.example:443 HTTP/1.1\r\n${host}\r\n`) },
  {
    name: 'wants a web socket',
    ends: [400, 401, 404, 405, 426],
    act: say(`GET /token HTTP/1.1\r\n${host}Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n`),
  },
  { name: 'wants its request traced', ends: [404, 405, 501], act: say(`TRACE /token HTTP/1.1\r\n${host}\r\n`) },
];

/** Misuses a connection and tells how that ended. */
export async function endOf(abuse: Abuse, socket: Duplex, patience = 10_000): Promise<Outcome> {
  socket.on('error', () => {});
  const ended = outcomeOf(socket, patience);
  await Promise.race([abuse.act(socket), ended]);
  return ended;
}

/** Opens connections, sends part of a request on each and resets them all. */
export async function vanish(dial: () => Duplex, times: number): Promise<void> {
  for (let n = 0; n < times; n += 1) {
    const socket = dial();
    socket.on('error', () => {});
    socket.write(`${post}Content-Length: 100\r\n\r\n${'a'.repeat(n % 100)}`);
    await setTimeout(n % 3);
    socket.destroy();
  }
}
