import { describe, expect, it } from 'vitest';
import { Params } from '../../src/core/params.ts';
import { peersOf, providers } from '../protocol/support.ts';

/** How long work occupies the thread that serves everybody, in milliseconds. */
function busyFor(work: () => unknown): number {
  const before = performance.now();
  try {
    work();
  } catch {
    // A refusal is as good as an answer: only the time counts.
  }
  return performance.now() - before;
}

describe('a stranger who wants to stop the server with one request', () => {
  // URL parsers take time in the square of the number of names without a value: 4 MiB of them are two minutes.
  it.each([
    ['names without a value', 'a&'],
    ['different names without a value', 'ab&cd&ef&'],
    ['empty pairs', '&'],
    ['pairs', 'a=b&'],
    ['percent signs', '%'],
    ['percent-encoded characters', '%41'],
    ['plus signs', '+'],
  ])('finds parameters quick to refuse that are 4 MiB of %s', (_what, unit) => {
    const body = unit.repeat((4 * 1024 * 1024) / unit.length);
    expect(busyFor(() => Params.parse(body))).toBeLessThan(5000);
  });

  describe.each(providers)('of $name', (kind) => {
    const peer = peersOf(kind);

    it.each(['/token', '/revoke', '/authorize'])('finds no form of a mebibyte read by %s', async (path) => {
      const server = await peer();
      const began = performance.now();
      const response = await server.post(path, 'a&'.repeat(512 * 1024));
      expect(response.status).toBe(413);
      expect(performance.now() - began).toBeLessThan(1000);
    });

    it('finds no registration read beyond what one may be long', async () => {
      const server = await peer();
      let sent = 0;
      const chunk = new Uint8Array(16 * 1024).fill(0x20);
      const endless = new ReadableStream<Uint8Array>({
        pull(controller) {
          sent += chunk.byteLength;
          controller.enqueue(chunk);
        },
      });
      const response = await server.send('/register', {
        method: 'POST',
        body: endless,
        duplex: 'half',
        headers: { 'content-type': 'application/json' },
      } as RequestInit);
      expect(response.status).toBe(413);
      expect(sent).toBeLessThan(256 * 1024);
    });
  });
});
