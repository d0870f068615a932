import { isMet, type Row, type Summary } from './row.js';

/** The table as Markdown, which a terminal shows well enough. */
export function table(rows: readonly Row[]): string {
  const cells = [
    ['work', 'product', 'reference', 'ratio: median (range)', 'target', 'met'],
    ...rows.map((row) => [
      row.note === undefined ? row.work : `${row.work} (${row.note})`,
      `${figure(row.product.median)} ${row.unit}`,
      row.reference ? `${row.reference.name}: ${figure(row.reference.median)} ${row.unit}` : '–',
      row.ratio ? `${figure(row.ratio.median)} (${range(row.ratio)})` : `range ${range(row.product)}`,
      row.conditions.map(({ text, met }) => (met ? text : `**${text}**`)).join('; ') || '–',
      row.conditions.length === 0 ? '–' : isMet(row) ? 'yes' : '**no**',
    ]),
  ];
  const widths =
    cells[0]?.map((_, column) => Math.max(...cells.map((line) => line[column]?.length ?? 0))) ?? [];
  const line = (parts: readonly string[]) =>
    `| ${parts.map((part, column) => part.padEnd(widths[column] ?? 0)).join(' | ')} |`;
  const rule = `| ${widths.map((width) => '-'.repeat(width)).join(' | ')} |`;
  return [line(cells[0] ?? []), rule, ...cells.slice(1).map(line)].join('\n');
}

function range({ least, most }: Summary): string {
  return `${figure(least)}–${figure(most)}`;
}

/** Three digits that count, and no more than the value has. */
function figure(value: number): string {
  if (!Number.isFinite(value)) return '–';
  if (Math.abs(value) >= 100) return Math.round(value).toLocaleString('en-US');
  return String(Number(value.toPrecision(3)));
}
