import fc from 'fast-check';
import ipaddr from 'ipaddr.js';
import { describe, expect, it } from 'vitest';
import { addressKind, blockList, contains } from './addresses.ts';

const ipv4 = fc.ipV4();
const group = fc.integer({ min: 0, max: 0xffff }).map((value) => value.toString(16));
const ipv6 = fc.array(group, { minLength: 8, maxLength: 8 }).map((groups) => groups.join(':'));

describe('addressKind', () => {
  it.each([
    '1.1.1.1',
    '9.255.255.255',
    '11.0.0.0',
    '100.63.255.255',
    '100.128.0.0',
    '172.15.255.255',
    '172.32.0.0',
    '192.167.255.255',
    '192.169.0.0',
    '223.255.255.255',
    '2606:4700::1111',
    '2a00:1450:4001:80b::200e',
    '64:ff9b::101:101',
  ])('takes %s for public', (address) => {
    expect(addressKind(address)).toBe('public');
  });

  it.each([
    '10.0.0.0',
    '10.255.255.255',
    '100.64.0.1',
    '127.0.0.1',
    '127.255.255.254',
    '172.16.0.1',
    '172.31.255.255',
    '192.168.1.1',
    '::1',
    'fc00::1',
    'fdff:ffff::1',
  ])('takes %s for private', (address) => {
    expect(addressKind(address)).toBe('private');
  });

  it.each([
    ['metadata of most clouds', '169.254.169.254'],
    ['metadata of AWS', 'fd00:ec2::254'],
    ['metadata of Google Cloud', 'fd20:ce::254'],
    ['metadata of Alibaba Cloud', '100.100.100.200'],
    ['the host of Azure', '168.63.129.16'],
    ['unspecified', '0.0.0.0'],
    ['unspecified', '::'],
    ['this network', '0.1.2.3'],
    ['link-local', '169.254.0.1'],
    ['link-local', 'fe80::1'],
    ['link-local with a zone', 'fe80::1%eth0'],
    ['public with a zone', '2606:4700::1111%lo'],
    ['site-local', 'fec0::1'],
    ['protocol assignments', '192.0.0.192'],
    ['documentation', '192.0.2.1'],
    ['documentation', '198.51.100.1'],
    ['documentation', '203.0.113.1'],
    ['documentation', '2001:db8::1'],
    ['documentation', '3fff::1'],
    ['6to4 relay', '192.88.99.1'],
    ['benchmarking', '198.18.0.1'],
    ['multicast', '224.0.0.1'],
    ['multicast', 'ff02::1'],
    ['reserved', '240.0.0.1'],
    ['broadcast', '255.255.255.255'],
    ['mapped private', '::ffff:10.0.0.1'],
    ['mapped public', '::ffff:1.1.1.1'],
    ['compatible', '::10.0.0.1'],
    ['NAT64 of private', '64:ff9b::10.0.0.1'],
    ['NAT64 of loopback', '64:ff9b::7f00:1'],
    ['NAT64 of metadata', '64:ff9b::a9fe:a9fe'],
    ['local NAT64', '64:ff9b:1::1.1.1.1'],
    ['6to4 of private', '2002:a00:1::'],
    ['Teredo', '2001:0:4136:e378:8000:63bf:3fff:fdd2'],
    ['discard', '100::1'],
    ['segment routing', '5f00::1'],
    ['no address', 'localhost'],
    ['no address', ''],
    ['octal', '0177.0.0.1'],
    ['a number', '2130706433'],
    ['too short', '127.1'],
  ])('never goes to %s: %s', (_what, address) => {
    expect(addressKind(address)).toBe('never');
  });

  it('agrees with an independent list for every IPv4 address that it takes for public', () => {
    fc.assert(
      fc.property(ipv4, (address) => {
        if (addressKind(address) === 'public') expect(ipaddr.parse(address).range()).toMatch(/^(unicast|as112|amt)$/);
        else expect(ipaddr.parse(address).range()).not.toBe(address === '168.63.129.16' ? '' : 'unicast');
      }),
      { numRuns: 2000 },
    );
  });

  it('takes no IPv6 address for public that an independent list does not', () => {
    const near2000 = ipv6.map((address) => address.replace(/^[^:]+/, '2001'));
    fc.assert(
      fc.property(fc.oneof(ipv6, near2000), (address) => {
        if (addressKind(address) === 'public') expect(ipaddr.parse(address).range()).toMatch(/^(unicast|as112v6)$/);
      }),
      { numRuns: 2000 },
    );
  });

  it('never reaches an inner IPv4 address through an IPv6 one [PITFALL-17]', () => {
    const hex = (address: string) => {
      const [a = 0, b = 0, c = 0, d = 0] = address.split('.').map(Number);
      return `${((a << 8) | b).toString(16)}:${((c << 8) | d).toString(16)}`;
    };
    const inner = fc.constantFrom('10.0.0.1', '127.0.0.1', '169.254.169.254', '192.168.0.1', '100.64.0.1', '0.0.0.0');
    const wrapped = inner.chain((address) =>
      fc.constantFrom(
        `::ffff:${hex(address)}`,
        `::ffff:${address}`,
        `::${hex(address)}`,
        `64:ff9b::${hex(address)}`,
        `64:ff9b:1::${hex(address)}`,
        `2002:${hex(address)}::1`,
        `2001:0:${hex(address)}::1`,
        `::ffff:0:${hex(address)}`,
      ),
    );
    fc.assert(
      fc.property(wrapped, (address) => {
        expect(addressKind(address)).toBe('never');
      }),
    );
  });
});

describe('a list of networks', () => {
  it('has what is in its networks, and single addresses', () => {
    const list = blockList(['192.0.2.0/24', '198.51.100.7', '2001:db8::/32']);
    expect(['192.0.2.9', '198.51.100.7', '2001:db8::9'].map((address) => contains(list, address))).toEqual([
      true,
      true,
      true,
    ]);
    expect(contains(list, '198.51.100.8')).toBe(false);
  });

  it('has an address in its NAT64 form as well', () => {
    expect(contains(blockList(['1.1.1.0/24']), '64:ff9b::101:101')).toBe(true);
  });

  it.each(['', 'example.com', '10.0.0.0/33', '10.0.0.0/', '10.0.0.0/a', '::/129', '10.0.0.0/-1'])(
    'is not made of %j',
    (network) => {
      expect(() => blockList([network])).toThrow(/is no network such as/);
    },
  );
});
