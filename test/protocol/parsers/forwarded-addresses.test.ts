import { isIP } from 'node:net';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { TrustedProxies } from '../../../src/hosts/client-address.ts';
import { anyText } from '../../support/any-text.ts';

const proxies = ['10.0.0.1', '10.0.0.2', '2001:db8::1'];
const strangers = ['192.0.2.7', '198.51.100.9', '2001:db8:5::9'];
const trusted = new TrustedProxies(proxies);
const hop = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom(...proxies, ...strangers) },
  {
    weight: 1,
    arbitrary: fc.constantFrom('unknown', '_hidden', '', '10.0.0.1.evil', '010.0.0.1', '10.0.0.1/8', 'a, b'),
  },
  { weight: 1, arbitrary: anyText({ maxLength: 12 }) },
);

/** Right to left, as long as the one who speaks is trusted and says something that is an address. */
function nearest(peer: string, hops: readonly string[]): string {
  let at = peer;
  for (const said of [...hops].reverse()) {
    if (!proxies.includes(at)) break;
    const text = said.trim();
    if (isIP(text) === 0) break;
    at = text;
  }
  return at;
}

describe('the address of a client behind proxies', () => {
  it('is the nearest one that no trusted proxy has, whatever stands further left [PITFALL-22]', () => {
    const plain = fc.constantFrom(...proxies, ...strangers, 'unknown', '');
    fc.assert(
      fc.property(fc.constantFrom(...proxies, ...strangers), fc.array(plain, { maxLength: 6 }), (peer, hops) => {
        expect(trusted.clientAddress(peer, hops.join(', '))).toBe(nearest(peer, hops));
      }),
      { numRuns: 500 },
    );
  });

  it('is an address, and that of the peer unless this one is trusted, whatever the header is', () => {
    fc.assert(
      fc.property(fc.constantFrom(...proxies, ...strangers), fc.array(hop, { maxLength: 5 }), (peer, hops) => {
        const address = trusted.clientAddress(peer, hops.join(',')) ?? '';
        expect(isIP(address)).not.toBe(0);
        if (!proxies.includes(peer)) expect(address).toBe(peer);
        // What a stranger writes in front of it changes nothing.
        expect(trusted.clientAddress(peer, ['203.0.113.1', ...hops].join(','))).toBe(
          proxies.includes(address) && hops.every((text) => proxies.includes(text.trim())) ? '203.0.113.1' : address,
        );
      }),
      { numRuns: 500 },
    );
  });

  it('is found in a header of any length without reading it again and again', () => {
    expect(trusted.clientAddress('10.0.0.1', `${'10.0.0.2,'.repeat(100_000)}10.0.0.2`)).toBe('10.0.0.2');
    expect(trusted.clientAddress('10.0.0.1', ' '.repeat(1_000_000))).toBe('10.0.0.1');
  });
});
