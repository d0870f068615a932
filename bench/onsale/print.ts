import type { Percentiles, Report } from './report.js';

/** The report in words, as Markdown, which a terminal shows well enough. */
export function inWords(report: Report): string {
  const { subscribers, loadLate } = report;
  return [
    sale(report),
    table(
      ['after the opening', 'held', 'sold'],
      report.timeline.map(({ after, held, sold }) => [`${after} s`, count(held), count(sold)]),
    ),
    table(
      ['operation', 'count', 'p50', 'p90', 'p99', 'longest'],
      Object.entries(report.operations).map(([name, figures]) => [name, ...times(figures)]),
    ),
    table(
      ['the same within the servers', 'count', 'p50', 'p90', 'p99', 'longest'],
      Object.entries(report.inServers).map(([name, figures]) => [name, ...times(figures)]),
    ),
    counts('failure', report.errors),
    counts('buyers', report.endings),
    `${count(subscribers.watching)} subscribers got ${count(subscribers.messages)} messages about ` +
      `${count(subscribers.changesToldOf)} changes: ${count(subscribers.merged)} were merged into others. ` +
      `${count(subscribers.wrongAtTheEnd)} believed something wrong at the end.`,
    table(
      ['message arrived', 'count', 'p50', 'p90', 'p99', 'longest'],
      [
        ['after it was sent', ...times(subscribers.afterSending)],
        ['after the commit', ...times(subscribers.afterTheCommit)],
      ],
    ),
    table(
      ['asked of Stripe', 'answer', 'count'],
      report.stripe.map(({ method, endpoint, status, count: times }) => [
        `${method} ${endpoint}`,
        String(status ?? 'closed'),
        count(times),
      ]),
    ),
    `${count(report.mails)} mails were sent by then.`,
    counts(
      'what the servers logged',
      Object.fromEntries(report.logged.map((error) => [error.message.split('\n')[0], error.count])),
    ),
    table(
      ['process', 'CPU', 'of one core', 'memory', 'at the most'],
      Object.entries(report.usage).map(([name, usage]) => [
        name,
        `${(usage?.cpuSeconds ?? Number.NaN).toFixed(1)} s`,
        `${(((usage?.cpuSeconds ?? Number.NaN) / report.seconds) * 100).toFixed(0)} %`,
        `${(usage?.memoryMiB ?? Number.NaN).toFixed(0)} MiB`,
        `${(usage?.peakMiB ?? Number.NaN).toFixed(0)} MiB`,
      ]),
    ),
    `The servers' event loops were late by ${report.longestStallsMs.map(duration).join(' and ')} at the most; the ` +
      `buyers' own by ${duration(loadLate[0]?.longest ?? Number.NaN)}, those of who watches by ` +
      `${loadLate
        .slice(1)
        .map(({ longest }) => duration(longest))
        .join(' and ')}.`,
    verdict(report.broken),
  ].join('\n\n');
}

function sale({ arrivals, sold, tickets, nothingLeftAfter, soldOutAfter, seconds }: Report): string {
  const after = (time: number | undefined) =>
    time === undefined ? 'never' : `${time.toFixed(1)} s after the opening`;
  return (
    `${count(arrivals)} people came within ${seconds.toFixed(0)} s. ${count(sold)} of ${count(tickets)} tickets were sold. ` +
    `Nothing was left for the first time ${after(nothingLeftAfter)}; all were paid for ${after(soldOutAfter)}.`
  );
}

function verdict(broken: readonly string[]): string {
  if (broken.length === 0) {
    return (
      'Audit: counters and orders agree, everybody who paid has their tickets or their money, nobody else has any, ' +
      'and what subscribers saw last is true.'
    );
  }
  const shown = broken.slice(0, 20).map((sentence) => `  - ${sentence}`);
  const more = broken.length > shown.length ? [`  - and ${broken.length - shown.length} more`] : [];
  return ['BROKEN:', ...shown, ...more].join('\n');
}

function counts(what: string, figures: Readonly<Record<string, number>>): string {
  const entries = Object.entries(figures);
  if (entries.length === 0) return `No ${what}.`;
  return table(
    [what, 'count'],
    entries.map(([name, times]) => [name, count(times)]),
  );
}

function times({ count: times, p50, p90, p99, longest }: Percentiles): string[] {
  return [count(times), duration(p50), duration(p90), duration(p99), duration(longest)];
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = head.map((_, column) => Math.max(...[head, ...rows].map((row) => row[column]?.length ?? 0)));
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' | ')} |`;
  return [line(head), `| ${widths.map((width) => '-'.repeat(width)).join(' | ')} |`, ...rows.map(line)].join(
    '\n',
  );
}

function count(value: number): string {
  return value.toLocaleString('en-US');
}

function duration(milliseconds: number): string {
  if (!Number.isFinite(milliseconds)) return '–';
  return milliseconds < 1_000 ? `${Math.round(milliseconds)} ms` : `${(milliseconds / 1_000).toFixed(1)} s`;
}
