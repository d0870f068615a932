import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { networkOf } from '../../src/accounts/client-address.js';

describe('whom an address stands for', () => {
  it.each([
    ['203.0.113.7', '203.0.113.7'],
    ['203.0.113.7:51234', '203.0.113.7'],
    ['::ffff:203.0.113.7', '203.0.113.7'],
    ['::FFFF:203.0.113.7', '203.0.113.7'],
    ['0:0:0:0:0:ffff:203.0.113.7', '203.0.113.7'],
    ['::ffff:cb00:7107', '203.0.113.7'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
    ['2001:0DB8:0001:0002::1', '2001:db8:1:2::/64'],
    ['[2001:db8:1:2::1]:443', '2001:db8:1:2::/64'],
    ['2001:db8::1', '2001:db8:0:0::/64'],
    ['fe80::1%eth0', 'fe80:0:0:0::/64'],
    ['::1', '0:0:0:0::/64'],
    ['', ''],
    ['unix', 'unix'],
  ])('%s is counted as %s', (address, network) => {
    expect(networkOf(address)).toBe(network);
  });

  it('is the same for every address of a /64 and no other, however they are written', () => {
    const group = fc.integer({ min: 0, max: 0xffff });
    const groups = fc.tuple(group, group, group, group);
    fc.assert(
      fc.property(groups, groups, groups, fc.boolean(), (network, own, other, padded) => {
        const write = (parts: number[]) =>
          parts.map((part) => part.toString(16).padStart(padded ? 4 : 1, '0')).join(':');
        const plain = [...network, ...own].map((part) => part.toString(16)).join(':');
        expect(networkOf(write([...network, ...other]))).toBe(networkOf(plain));
        const [first, ...rest] = network;
        expect(networkOf(write([first ^ 1, ...rest, ...own]))).not.toBe(networkOf(plain));
      }),
    );
  });
});
