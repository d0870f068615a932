import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { LocalLimit } from '../../src/accounts/local-limit.js';

beforeEach(() => void jest.useFakeTimers());
afterEach(() => void jest.useRealTimers());

describe('a limit of this process', () => {
  it('lets so many through in a window, and tells the rest how long to wait', () => {
    const limit = new LocalLimit(3, 1_000);
    expect([1, 2, 3].map(() => limit.consume('one'))).toEqual([0, 0, 0]);
    jest.advanceTimersByTime(400);
    expect(limit.consume('one')).toBe(600);
    expect(limit.consume('two')).toBe(0);
    jest.advanceTimersByTime(600);
    expect(limit.consume('one')).toBe(0);
  });

  it('does not let those who are refused wait for longer', () => {
    const limit = new LocalLimit(1, 1_000);
    limit.consume('one');
    for (let time = 0; time < 9; time += 1) {
      jest.advanceTimersByTime(100);
      expect(limit.consume('one')).toBeGreaterThan(0);
    }
    jest.advanceTimersByTime(100);
    expect(limit.consume('one')).toBe(0);
  });
});
