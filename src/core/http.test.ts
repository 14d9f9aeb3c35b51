import { describe, expect, it } from 'vitest';
import { OAuthError } from './errors.ts';
import {
  errorResponse,
  mediaType,
  peekBody,
  privateJson,
  provideBody,
  publicJson,
  readBody,
  redirect,
  requestPath,
} from './http.ts';

const post = (body: string | Uint8Array<ArrayBuffer>, headers: Record<string, string> = {}) =>
  new Request('http://localhost/', { method: 'POST', body, headers });

describe('readBody', () => {
  it('reads UTF-8, without the byte order mark', async () => {
    expect(await readBody(post('é'))).toBe('é');
    expect(await readBody(post('\ufeffx'))).toBe('x');
    expect(await readBody(new Request('http://localhost/'))).toBe('');
  });

  it('refuses bytes that are not UTF-8', async () => {
    await expect(readBody(post(new Uint8Array([0xff, 0xfe])))).rejects.toMatchObject({
      code: 'invalid_request',
      status: 400,
    });
  });

  it('stops reading at the limit, whatever length was declared', async () => {
    let pulled = 0;
    let cancelled = false;
    const endless = new ReadableStream<Uint8Array>({
      pull: (controller) => {
        pulled += 1;
        controller.enqueue(new Uint8Array(1024));
      },
      cancel: () => {
        cancelled = true;
      },
    });
    const request = new Request('http://localhost/', { method: 'POST', body: endless, duplex: 'half' } as RequestInit);
    await expect(readBody(request, 10 * 1024)).rejects.toMatchObject({ status: 413 });
    expect(pulled).toBeLessThan(20);
    expect(cancelled).toBe(true);
  });

  it('refuses a declared length beyond the limit without reading', async () => {
    await expect(readBody(post('x', { 'content-length': '99' }), 10)).rejects.toMatchObject({ status: 413 });
    expect(await readBody(post('0123456789'), 10)).toBe('0123456789');
    await expect(readBody(post('0123456789a'), 10)).rejects.toMatchObject({ status: 413 });
  });
});

describe('peekBody', () => {
  it('leaves the body for whoever reads it next', async () => {
    const request = post('x');
    expect(await peekBody(request)).toBe('x');
    expect(await request.text()).toBe('x');
  });

  it('takes the bytes that the host provides, within the limit, and leaves the stream', async () => {
    const request = post('0123456789');
    provideBody(request, async () => new TextEncoder().encode('0123456789'));
    expect(await peekBody(request)).toBe('0123456789');
    expect(request.bodyUsed).toBe(false);
    await expect(readBody(request, 9)).rejects.toMatchObject({ status: 413 });
  });
});

describe('requestPath', () => {
  it('is the path that a URL parser sees', () => {
    for (const rest of ['', '/', '/mcp', '/mcp?a=/b', '/a/../b#/c', '/%2e/%41?x', '//host/?#', '?q']) {
      const request = new Request(`http://localhost:3000${rest}`);
      expect(requestPath(request)).toBe(new URL(request.url).pathname);
    }
  });
});

describe('answers', () => {
  it('are private unless they are metadata [OAUTH21-26, RFC6749-08]', () => {
    const answers = [
      privateJson({}),
      errorResponse(new OAuthError('invalid_grant', 'x')),
      redirect('https://a.example/'),
    ];
    for (const { headers } of answers) {
      expect(headers.get('cache-control')).toBe('no-store');
      expect(headers.get('pragma')).toBe('no-cache');
    }
    expect(publicJson({}).headers.get('cache-control')).toBe('public, max-age=3600');
  });

  it('never send what is meant for the operator', async () => {
    const error = new OAuthError('invalid_request', 'shown', { hint: 'for the operator', detail: 'for the log' });
    expect(await errorResponse(error).json()).toEqual({ error: 'invalid_request', error_description: 'shown' });
  });
});

describe('mediaType', () => {
  it('is lower-case and without parameters', () => {
    expect(mediaType(post('x', { 'content-type': 'Application/JSON ; charset=utf-8' }))).toBe('application/json');
    expect(mediaType(new Request('http://localhost/'))).toBe('');
  });
});
