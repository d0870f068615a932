/**
 * Text as it goes over the wire: its UTF-8 bytes as the characters of a `latin1` string, which is what
 * Node.js writes fastest, and what can be joined to others without decoding it.
 */
export function wireText(text: string): string {
  return Buffer.from(text).toString('latin1');
}

/**
 * An unmasked WebSocket message of one frame (RFC 6455, section 5.2), to be written as `latin1`. The same
 * text for many sockets is encoded once by this, and goes out by one system call for each.
 *
 * @param text as `wireText` makes it
 */
export function textFrame(text: string): string {
  return header(text.length) + text;
}

function header(length: number): string {
  if (length < 126) return String.fromCharCode(0x81, length);
  if (length < 0x10000) return String.fromCharCode(0x81, 126, length >>> 8, length & 0xff);
  const bytes = [length >>> 24, (length >>> 16) & 0xff, (length >>> 8) & 0xff, length & 0xff];
  return String.fromCharCode(0x81, 127, 0, 0, 0, 0, ...bytes);
}
