import type { EntityManager } from '@mikro-orm/postgresql';
import { z } from 'zod';
import { AuditLogAction, recordChange, type Viewer } from '../accounts/index.js';
import { Show } from '../catalog/entities.js';
import type { ShowService } from '../catalog/index.js';
import { databaseNow, type Orm } from '../database/index.js';
import { conflict } from '../errors.js';
import type { InventoryCounters, InventoryStream } from '../inventory/index.js';
import { decode } from '../validation/decode.js';
import { parseShowId } from '../validation/ids.js';
import { longText } from '../validation/rules.js';
import { countAffected } from './affected-orders.js';
import { CancellationStatus, ShowCancellation } from './show-cancellation.entity.js';

const cancellationRules = z.object({ reason: longText('Reason', 1_000).nullish() });

/** Calls shows off; what follows for their orders is `CancellationRun`'s. */
export class ShowCancellationService {
  constructor(
    private readonly orm: Orm,
    private readonly shows: ShowService,
    private readonly counters: InventoryCounters,
    private readonly stream: InventoryStream,
  ) {}

  /**
   * Also after the show has begun, since some are called off at the door.
   *
   * @throws AppError BAD_USER_INPUT, NOT_FOUND, FORBIDDEN; CONFLICT for a draft, of which nothing was ever sold and
   * nobody is to hear
   */
  async cancel(em: EntityManager, viewer: Viewer, id: string, reason: string | null): Promise<Show> {
    const showId = parseShowId(id);
    const text = decode(cancellationRules, { reason }).reason || null;
    const show = await this.shows.requireManaged(em, viewer, showId);
    if (show.storedStatus === 'DRAFT') {
      throw conflict('A draft is not on sale, so there is nothing to call off', {
        status: show.storedStatus,
      });
    }
    await this.orm.em.fork().transactional(async (tx) => {
      const changed = await tx.nativeUpdate(
        Show,
        { id: showId, storedStatus: 'PUBLISHED' },
        { storedStatus: 'CANCELLED' },
      );
      if (changed === 0) return;
      // Waits for purchases that are being made, so that nearly all of them are counted.
      await this.counters.touchShow(tx, showId);
      const now = await databaseNow(tx);
      await tx.insert(ShowCancellation, {
        showId,
        requestedBy: viewer.userId,
        reason: text,
        status: CancellationStatus.RUNNING,
        ordersTotal: await countAffected(tx, showId),
        ordersDone: 0,
        startedAt: now,
        checkAt: now,
      });
      await recordChange(tx, {
        action: AuditLogAction.SHOW_CANCELLED,
        actorId: viewer.userId,
        of: { showId },
        subject: ['Show', showId],
      });
    });
    await em.refresh(show);
    await this.stream.publishShow(showId);
    return show;
  }
}
