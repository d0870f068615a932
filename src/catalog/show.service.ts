import type { EntityManager } from '@mikro-orm/postgresql';
import { z } from 'zod';
import { AuditLogAction, recordChange, type Viewer } from '../accounts/index.js';
import { badUserInput, conflict, notFound } from '../errors.js';
import type { InventoryCounters, InventoryStream } from '../inventory/index.js';
import { decode } from '../validation/decode.js';
import { parseProducerId, parseShowId } from '../validation/ids.js';
import { instant, longText, text, timeZone } from '../validation/rules.js';
import type { ProducerService } from './producer.service.js';
import { Show, ShowStatus } from './show.entity.js';

const showRules = z
  .object({
    producerId: z.string(),
    title: text('Title', 200),
    description: longText('Description', 10_000).nullish(),
    venue: text('Venue', 200).nullish(),
    timeZone,
    startsAt: instant('startsAt').refine((at) => at > new Date(), 'startsAt must be in the future'),
    endsAt: instant('endsAt').nullish(),
  })
  .refine((show) => !show.endsAt || show.endsAt > show.startsAt, {
    path: ['endsAt'],
    message: 'endsAt must be after startsAt',
  });

/** Shows: who may see them, and how they come to be on sale. */
export class ShowService {
  constructor(
    private readonly producers: ProducerService,
    private readonly counters: InventoryCounters,
    private readonly stream: InventoryStream,
  ) {}

  /** Drafts are for the producer's team alone. */
  private async isVisible(em: EntityManager, viewer: Viewer | null, show: Show): Promise<boolean> {
    return show.storedStatus !== 'DRAFT' || this.producers.isMember(em, viewer, show.producerId);
  }

  /** @throws AppError NOT_FOUND when the show does not exist or is not for this viewer */
  async requireVisible(em: EntityManager, viewer: Viewer | null, id: number): Promise<Show> {
    const show = await em.findOne(Show, { id });
    if (show === null || !(await this.isVisible(em, viewer, show))) throw notFound('Show not found');
    return show;
  }

  /** @throws AppError NOT_FOUND for what the viewer may not know of, FORBIDDEN for what it may only see */
  async requireManaged(em: EntityManager, viewer: Viewer, id: number): Promise<Show> {
    const show = await this.requireVisible(em, viewer, id);
    await this.producers.requireMember(em, viewer, show.producerId);
    return show;
  }

  /** As a draft, which the producer's team alone can see. */
  async create(em: EntityManager, viewer: Viewer, input: z.input<typeof showRules>): Promise<Show> {
    const producerId = parseProducerId(input.producerId);
    const rules = decode(showRules, input);
    await this.producers.requireMember(em, viewer, producerId);
    return em.transactional(async (tx) => {
      const show = tx.create(Show, {
        producerId,
        title: rules.title,
        description: rules.description ?? null,
        venue: rules.venue ?? null,
        timeZone: rules.timeZone,
        startsAt: rules.startsAt,
        endsAt: rules.endsAt ?? null,
        storedStatus: 'DRAFT',
        createdAt: new Date(),
      });
      await tx.persist(show).flush();
      await recordChange(tx, {
        action: AuditLogAction.SHOW_CREATED,
        actorId: viewer.userId,
        of: { producerId },
        subject: ['Show', show.id],
        details: { title: show.title, startsAt: show.startsAt },
      });
      return show;
    });
  }

  /** Publishing twice changes nothing. @throws AppError CONFLICT with `status` when cancelled or ended */
  async publish(em: EntityManager, viewer: Viewer, id: string): Promise<Show> {
    const showId = parseShowId(id);
    const show = await this.requireManaged(em, viewer, showId);
    if (show.storedStatus === 'PUBLISHED') return show;
    if (show.storedStatus === 'DRAFT' && show.startsAt <= new Date()) {
      throw badUserInput('id', 'A show whose start has passed cannot be published');
    }
    const published = await em.transactional(async (tx) => {
      const draft = { id: showId, storedStatus: 'DRAFT' as const };
      const changed = await tx.nativeUpdate(Show, draft, { storedStatus: 'PUBLISHED' });
      if (changed === 0) return changed;
      await this.counters.touchShow(tx, showId);
      await recordChange(tx, {
        action: AuditLogAction.SHOW_PUBLISHED,
        actorId: viewer.userId,
        of: { producerId: show.producerId },
        subject: ['Show', showId],
      });
      return changed;
    });
    await em.refresh(show);
    if (published === 0 && show.currentStatus() !== ShowStatus.PUBLISHED) {
      throw conflict('This show can no longer be published', { status: show.currentStatus() });
    }
    await this.stream.publishShow(showId);
    return show;
  }
}
