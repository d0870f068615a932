import DataLoader from 'dataloader';

/**
 * A loader that has one statement under way at most. Everyone who asks meanwhile is served by the next one,
 * together: so a rush costs a few statements, and nobody is told what was read before they asked.
 *
 * @param read answers in the order of the keys, of which several may be the same
 */
export function oneAtATime<Key, Value>(
  read: (keys: readonly Key[]) => Promise<Value[]>,
): DataLoader<Key, Value> {
  let reading = false;
  let waiting: (() => void) | undefined;
  return new DataLoader(
    async (keys) => {
      reading = true;
      try {
        return await read(keys);
      } finally {
        reading = false;
        const next = waiting;
        waiting = undefined;
        next?.();
      }
    },
    {
      cache: false,
      batchScheduleFn: (dispatch) => {
        if (reading) waiting = dispatch;
        else setImmediate(dispatch);
      },
    },
  );
}
