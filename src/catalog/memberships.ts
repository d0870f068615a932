import type { Viewer } from '../accounts/index.js';
import { type Orm, oneAtATime } from '../database/index.js';
import type { Reading } from './reading.js';

/** Of which producers' teams viewers are; asked for anew by every operation, together with others' questions. */
export class Memberships {
  private readonly loader = oneAtATime<string, ReadonlySet<number>>((userIds) => this.read(userIds));

  constructor(private readonly orm: Orm) {}

  /** The producers whose teams the viewer is of; for `reading.use`, so once an operation. */
  readonly own = (reading: Reading): Promise<ReadonlySet<number>> => {
    const viewer: Viewer | null = reading.viewer();
    return viewer === null ? Promise.resolve(new Set()) : this.loader.load(viewer.userId);
  };

  private async read(userIds: readonly string[]): Promise<ReadonlySet<number>[]> {
    const rows = await this.orm.em
      .fork()
      .execute<{ user_id: string; producer_id: number }[]>(
        'select user_id, producer_id from producer_member where user_id = any (?::uuid[])',
        [`{${[...new Set(userIds)].join(',')}}`],
      );
    const byUser = Map.groupBy(rows, (row) => row.user_id);
    return userIds.map((userId) => new Set(byUser.get(userId)?.map((row) => row.producer_id)));
  }
}
