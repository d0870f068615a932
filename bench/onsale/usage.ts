import { readdirSync, readFileSync } from 'node:fs';

export interface Usage {
  readonly cpuSeconds: number;
  /** Resident now, and at the most so far; of several processes the sum. */
  readonly memoryMiB: number;
  readonly peakMiB: number;
}

/** Of the kernel's ticks; 100 on every Linux that Node.js runs on. */
const TICKS_PER_SECOND = 100;

/**
 * Processor and memory of a process, and of its children where they do its work (PostgreSQL). Undefined where there is
 * no /proc. Memory that PostgreSQL's processes share is not counted: it would be counted once for each.
 */
export function usageOf(pid: number, withChildren = false): Usage | undefined {
  const one = readUsage(pid, withChildren);
  if (one === undefined || !withChildren) return one;
  const children = childrenOf(pid).flatMap((child) => readUsage(child, true) ?? []);
  return [one, ...children].reduce((sum, usage) => ({
    cpuSeconds: sum.cpuSeconds + usage.cpuSeconds,
    memoryMiB: sum.memoryMiB + usage.memoryMiB,
    peakMiB: sum.peakMiB + usage.peakMiB,
  }));
}

function readUsage(pid: number, own: boolean): Usage | undefined {
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8');
    const [user, system, childUser, childSystem] = fieldsOf(pid).slice(11, 15).map(Number) as number[];
    const ended = own ? (childUser ?? 0) + (childSystem ?? 0) : 0;
    const resident = mebibytes(status, own ? 'RssAnon' : 'VmRSS');
    return {
      cpuSeconds: ((user ?? 0) + (system ?? 0) + ended) / TICKS_PER_SECOND,
      memoryMiB: resident,
      peakMiB: own ? resident : mebibytes(status, 'VmHWM'),
    };
  } catch {
    return undefined;
  }
}

/** Those of /proc/<pid>/stat that follow the command: state, parent and so on (proc_pid_stat(5)). */
function fieldsOf(pid: number): string[] {
  const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
  return text.slice(text.lastIndexOf(')') + 2).split(' ');
}

function childrenOf(pid: number): number[] {
  return readdirSync('/proc')
    .map(Number)
    .filter((candidate) => {
      try {
        return candidate > 0 && Number(fieldsOf(candidate)[1]) === pid;
      } catch {
        return false;
      }
    });
}

function mebibytes(status: string, name: string): number {
  const kibibytes = new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(status)?.[1];
  return Number(kibibytes ?? Number.NaN) / 1024;
}
