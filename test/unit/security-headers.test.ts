import { describe, expect, it } from '@jest/globals';
import { Origins } from '../../src/http/origins.js';
import { securityHeaders } from '../../src/http/security-headers.js';

describe('Strict-Transport-Security', () => {
  it('is sent where there is nothing but https', () => {
    expect(securityHeaders(true)).toMatchObject({ 'strict-transport-security': 'max-age=31536000' });
    expect(securityHeaders(false)).not.toHaveProperty('strict-transport-security');
  });
});

describe('origins', () => {
  const origins = new Origins(['https://shop.example'], 'https://tickets.example/path');

  it('are those that are named, our own, and those of the host that was asked', () => {
    expect(origins.foreign).toEqual(['https://shop.example']);
    expect(new Origins([], 'https://tickets.example').foreign).toBe(false);
    expect(new Origins(['*'], 'https://tickets.example').foreign).toBe('*');
    expect(origins.isAllowed(undefined, undefined)).toBe(true);
    expect(origins.isAllowed('https://tickets.example', undefined)).toBe(true);
    expect(origins.isAllowed('http://localhost:4000', 'LOCALHOST:4000')).toBe(true);
    expect(origins.isAllowed('http://localhost:4001', 'localhost:4000')).toBe(false);
    expect(origins.isAllowed('null', 'null')).toBe(false);
  });
});
