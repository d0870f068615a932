/** In which order what was held back is sent. */
export type ReleaseOrder = 'emitted' | 'reversed' | 'shuffled';

/** A copy in the wished-for order. */
export function inOrder<Job>(jobs: readonly Job[], order: ReleaseOrder): Job[] {
  if (order === 'reversed') return [...jobs].reverse();
  if (order === 'emitted') return [...jobs];
  return jobs
    .map((job) => ({ job, key: Math.random() }))
    .sort((a, b) => a.key - b.key)
    .map(({ job }) => job);
}
