/** Groups of 16 bits that name a network of a customer's own (RFC 6177): whoever has one has all addresses in it. */
const NETWORK_GROUPS = 4;

/**
 * Whom an address stands for when attempts are counted: an IPv4 address itself, however it is written, and the /64 of
 * an IPv6 address, since one client may use any address of it.
 */
export function networkOf(address: string): string {
  if (!address.includes(':')) return address;
  const version4 = /^(?:[:0]*:ffff:)?(\d+\.\d+\.\d+\.\d+)(?::\d+)?$/i.exec(address)?.[1];
  if (version4 !== undefined) return version4;
  const groups = expanded(withoutPort(address.toLowerCase()));
  const isMapped = groups.slice(0, 6).join(':') === '0:0:0:0:0:ffff';
  if (isMapped) return dotted(groups[6] ?? '0', groups[7] ?? '0');
  return `${groups.slice(0, NETWORK_GROUPS).join(':')}::/64`;
}

/** Some proxies write the client's port too, and the address then in brackets; a zone says nothing about whose it is. */
function withoutPort(address: string): string {
  return (/^\[(.*)\](?::\d+)?$/.exec(address)?.[1] ?? address).replace(/%.*$/, '');
}

/** All eight groups in hex, without leading zeros (RFC 4291, section 2.2). */
function expanded(address: string): string[] {
  const [head = '', tail] = address.split('::');
  const before = groupsOf(head);
  const after = groupsOf(tail ?? '');
  const missing = tail === undefined ? 0 : Math.max(8 - before.length - after.length, 0);
  return [...before, ...Array.from({ length: missing }, () => '0'), ...after];
}

function groupsOf(part: string): string[] {
  if (part === '') return [];
  return part.split(':').map((group) => group.replace(/^0+(?=.)/, ''));
}

function dotted(high: string, low: string): string {
  const value = Number.parseInt(high, 16) * 0x10000 + Number.parseInt(low, 16);
  return [value >>> 24, (value >>> 16) & 0xff, (value >>> 8) & 0xff, value & 0xff].join('.');
}
