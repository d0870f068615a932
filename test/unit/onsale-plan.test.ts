import { expect, it } from '@jest/globals';
import { kindsOf, lastArrival, opening, planOf } from '../../bench/onsale/plan.js';

const WHOLE = { seed: 1, scale: 1, tempo: 1 };

it('plans the same sale for the same seed, and another one for another', () => {
  const small = { ...WHOLE, scale: 0.01 };
  expect(planOf(small)).toEqual(planOf(small));
  expect(planOf({ ...small, seed: 2 })).not.toEqual(planOf(small));
});

it('has 20,000 people who watch, 5,000 who buy and 2,000 tickets of 4 kinds', () => {
  const people = planOf(WHOLE);
  expect(people.filter(({ buyer }) => buyer === undefined)).toHaveLength(20_000);
  expect(people.filter(({ buyer }) => buyer !== undefined)).toHaveLength(5_000);
  expect(kindsOf(WHOLE).map(({ quantity }) => quantity)).toEqual([200, 400, 600, 800]);
  expect(new Set(people.map(({ buyer }) => buyer?.habit)).size).toBe(8);
});

it('has arrivals peak at 500 a second, at the opening', () => {
  const perSecond = new Map<number, number>();
  for (const { arrivesAt } of planOf(WHOLE)) {
    const second = Math.floor(arrivesAt / 1_000);
    perSecond.set(second, (perSecond.get(second) ?? 0) + 1);
  }
  const [peakSecond, peak] = [...perSecond].sort(([, a], [, b]) => b - a)[0]!;
  expect(peak).toBeGreaterThan(470);
  expect(peak).toBeLessThan(510);
  expect(Math.abs(peakSecond * 1_000 - opening(WHOLE))).toBeLessThan(2_000);
});

it('lets nobody arrive or reload after the last arrival', () => {
  const times = planOf(WHOLE).flatMap(({ arrivesAt, reloadsAt }) => [arrivesAt, ...reloadsAt]);
  expect(Math.max(...times)).toBeLessThanOrEqual(lastArrival(WHOLE) + 1);
  expect(Math.min(...times)).toBeGreaterThanOrEqual(0);
});
