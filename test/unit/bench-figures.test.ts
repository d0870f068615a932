import { describe, expect, it } from '@jest/globals';
import { writeInto } from '../../bench/support/document.js';
import { Latencies } from '../../bench/support/latencies.js';
import { table } from '../../bench/support/report.js';
import { bounded, compare, isMet } from '../../bench/support/row.js';

describe('latencies', () => {
  it('have percentiles by nearest rank, also when they come from several processes', () => {
    const [odd, even] = [new Latencies(), new Latencies()];
    for (let value = 1; value <= 100; value += 1) (value % 2 ? odd : even).record(value);
    const all = Latencies.of(odd.counts(), even.counts());
    expect(all.count).toBe(100);
    expect([50, 99, 100].map((percent) => Math.round(all.percentile(percent)))).toEqual([50, 99, 100]);
  });

  it('have none where nothing was recorded', () => {
    expect(new Latencies().percentile(99)).toBeNaN();
  });
});

describe('a row', () => {
  const sales = { work: 'a sale', unit: 'sold/s' };

  it('is judged by the median of the ratios of its rounds', () => {
    const row = compare({
      ...sales,
      product: [300, 900, 100],
      reference: { name: 'another', values: [100, 100, 100] },
      target: { atLeast: 3 },
    });
    expect(row.ratio).toEqual({ median: 3, least: 1, most: 9 });
    expect(isMet(row)).toBe(true);
  });

  it('is not met when one of its conditions is not', () => {
    const row = bounded({
      ...sales,
      values: [1, 2],
      target: { atMost: 1.5 },
      conditions: [{ text: '0 errors', met: false }],
    });
    expect(row.conditions.map(({ met }) => met)).toEqual([true, false]);
    expect(isMet(row)).toBe(false);
  });

  it('is not met where its reference cannot be had, and says which', () => {
    const row = compare({
      ...sales,
      product: [1],
      reference: { name: 'pgbench', values: undefined },
      target: { atLeast: 3 },
    });
    expect(isMet(row)).toBe(false);
    expect(table([row])).toContain('**at least 3x of pgbench**');
  });

  it('is not met when there is nothing to judge', () => {
    expect(isMet(bounded({ ...sales, values: [], target: { atMost: 1 } }))).toBe(false);
  });
});

describe('the table in a document', () => {
  const rows = [bounded({ work: 'a sale', unit: 'ms', values: [12.34] })];

  it('replaces what stands in its place, and nothing else', () => {
    const document = 'before\n<!-- bench: begin -->\nold\n<!-- bench: end -->\nafter\n';
    const written = writeInto(document, { node: 'v24' }, rows);
    expect(written).toMatch(
      /^before\n<!-- bench: begin -->\n\n- node: v24\n\n\| work[\s\S]*12\.3 ms[\s\S]*<!-- bench: end -->\nafter\n$/,
    );
    expect(written).not.toContain('old');
    expect(writeInto(written, { node: 'v24' }, rows)).toBe(written);
  });

  it('is not written into a document without a place for it', () => {
    expect(() => writeInto('no place', {}, rows)).toThrow('no place between');
  });
});
