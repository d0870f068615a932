import type { Machine } from './machine.js';
import { table } from './report.js';
import type { Row } from './row.js';

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
  const facts = Object.entries(machine).map(([name, value]) => `- ${name}: ${value}`);
  return writeBetween(document, 'bench', [...facts, '', written].join('\n'));
}

/** Replaces what stands between `<!-- name: begin -->` and `<!-- name: end -->`. @throws where these are missing */
export function writeBetween(document: string, name: string, written: string): string {
  const marks = { begin: `<!-- ${name}: begin -->`, end: `<!-- ${name}: end -->` };
  const [begin, end] = [document.indexOf(marks.begin), document.indexOf(marks.end)];
  if (begin < 0 || end < begin) {
    throw new Error(`The document has no place between ${marks.begin} and ${marks.end}.`);
  }
  return `${document.slice(0, begin)}${marks.begin}\n\n${written}\n\n${document.slice(end)}`;
}
