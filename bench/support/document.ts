import type { Machine } from './machine.js';
import { table } from './report.js';
import type { Row } from './row.js';

const BEGIN = '<!-- bench: begin -->';
const END = '<!-- bench: end -->';

/**
 * Replaces what stands between the two marks of a Markdown document.
 *
 * @throws when the document does not have them.
 */
export function writeInto(document: string, machine: Machine, rows: readonly Row[]): string {
  return writeFigures(document, machine, table(rows));
}

/** The same with any figures. */
export function writeFigures(document: string, machine: Machine, written: string): string {
  const [begin, end] = [document.indexOf(BEGIN), document.indexOf(END)];
  if (begin < 0 || end < begin) throw new Error(`The document has no place between ${BEGIN} and ${END}.`);
  const facts = Object.entries(machine).map(([name, value]) => `- ${name}: ${value}`);
  const figures = [BEGIN, '', ...facts, '', written, ''].join('\n');
  return `${document.slice(0, begin)}${figures}\n${document.slice(end)}`;
}
