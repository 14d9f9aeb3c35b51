import { describe, expect, it } from 'vitest';
import { textOf, textResponse } from './text-response.ts';

describe('textResponse', () => {
  it.for(['', 'plain', 'größe 🔑', '\ufeffafter a byte order mark', 'half a pair \ud800'])(
    'has the body of any response made of %j, and says what it was made of',
    async (text) => {
      const headers = { 'content-type': 'text/plain; charset=utf-8' };
      const response = textResponse(text, { status: 201, headers });
      expect(textOf(response)).toBe(text);
      expect(response.status).toBe(201);
      expect(new Uint8Array(await response.arrayBuffer())).toEqual(
        new Uint8Array(await new Response(text).arrayBuffer()),
      );
    },
  );

  it('makes up no content type', () => {
    expect(textResponse('x', {}).headers.get('content-type')).toBeNull();
  });

  it('says nothing of a response that was made of it, whose body may be another', () => {
    const response = textResponse('x', {});
    expect(textOf(new Response(response.body, response))).toBeUndefined();
    expect(textOf(textResponse('x', {}).clone())).toBeUndefined();
    expect(textOf(new Response('x'))).toBeUndefined();
  });
});
