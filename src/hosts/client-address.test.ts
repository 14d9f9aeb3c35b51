import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ConfigurationError } from '../core/urls.ts';
import { TrustedProxies } from './client-address.ts';

const proxies = new TrustedProxies(['10.0.0.0/8', 'fd00::/8', '127.0.0.1', '::1']);

describe('TrustedProxies', () => {
  it('believes nobody by default', () => {
    expect(new TrustedProxies().clientAddress('10.0.0.1', '203.0.113.7')).toBe('10.0.0.1');
  });

  it('ignores the header of a peer that is not a trusted proxy [PITFALL-22]', () => {
    expect(proxies.clientAddress('198.51.100.1', '203.0.113.7')).toBe('198.51.100.1');
  });

  it('reads the header from right to left and ignores what the client wrote on the left [PITFALL-22]', () => {
    expect(proxies.clientAddress('10.0.0.1', '127.0.0.1, 1.1.1.1, 203.0.113.7')).toBe('203.0.113.7');
    expect(proxies.clientAddress('10.0.0.1', '1.1.1.1, 203.0.113.7, 10.9.9.9, 10.0.0.2')).toBe('203.0.113.7');
  });

  it('stops at the first hop that is not an address', () => {
    expect(proxies.clientAddress('10.0.0.1', '203.0.113.7, unknown')).toBe('10.0.0.1');
    expect(proxies.clientAddress('10.0.0.1', '203.0.113.7, <script>, 10.0.0.2')).toBe('10.0.0.2');
    expect(proxies.clientAddress('10.0.0.1', '0x7f.1')).toBe('10.0.0.1');
    expect(proxies.clientAddress('10.0.0.1', ',,')).toBe('10.0.0.1');
    expect(proxies.clientAddress('10.0.0.1', '')).toBe('10.0.0.1');
  });

  it('takes the furthest hop where all are trusted', () => {
    expect(proxies.clientAddress('10.0.0.1', '10.0.0.3, 10.0.0.2')).toBe('10.0.0.3');
  });

  it('knows IPv4 addresses that are written as IPv6, trusted or not', () => {
    expect(proxies.clientAddress('::ffff:10.0.0.1', '::ffff:203.0.113.7')).toBe('203.0.113.7');
    expect(proxies.clientAddress('::ffff:a00:1', '203.0.113.7')).toBe('203.0.113.7');
    expect(proxies.clientAddress('::ffff:198.51.100.1', '203.0.113.7')).toBe('198.51.100.1');
  });

  it('reads IPv6 hops, with ports, brackets and zones', () => {
    expect(proxies.clientAddress('fd12::1', '2001:DB8:0:0::7')).toBe('2001:db8::7');
    expect(proxies.clientAddress('::1', '[2001:db8::7]:4711')).toBe('2001:db8::7');
    expect(proxies.clientAddress('127.0.0.1', '203.0.113.7:4711')).toBe('203.0.113.7');
    expect(proxies.clientAddress('fe80::1%eth0', undefined)).toBe('fe80::1');
  });

  it('walks through a thousand trusted hops', () => {
    const header = ['203.0.113.7', ...Array.from({ length: 1000 }, (_, index) => `10.0.${index >> 8}.${index & 255}`)];
    expect(proxies.clientAddress('10.0.0.1', header.join(','))).toBe('203.0.113.7');
  });

  it('has no address for a socket without one', () => {
    expect(proxies.clientAddress(undefined, '203.0.113.7')).toBeUndefined();
  });

  it('never answers with a hop left of the first untrusted one', () => {
    const hop = fc.oneof(fc.ipV4(), fc.ipV6(), fc.string({ maxLength: 20 }));
    fc.assert(
      fc.property(fc.array(hop, { maxLength: 8 }), (spoofed) => {
        expect(proxies.clientAddress('10.0.0.1', [...spoofed, '203.0.113.7', '10.0.0.2'].join(', '))).toBe(
          '203.0.113.7',
        );
      }),
    );
  });

  it.for(['10.0.0.0/33', '::/129', 'example.com', '10.0.0.0/8/8', '10.0.0.0/', '10.0.0.0/-1', '', '300.0.0.1', '10.1'])(
    'refuses to trust %j',
    (range) => {
      expect(() => new TrustedProxies([range])).toThrow(ConfigurationError);
    },
  );
});
