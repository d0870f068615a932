import type { EntityManager } from '@mikro-orm/postgresql';
import { z } from 'zod';
import { AuditLogAction, recordChange, requireOperator, type Viewer } from '../accounts/index.js';
import { notFound } from '../errors.js';
import { decode } from '../validation/decode.js';
import { parseProducerId } from '../validation/ids.js';
import { Producer } from './producer.entity.js';
import type { PlatformFee } from './show.inputs.js';

/** As many decimals as the database keeps, and as fees are computed with. */
const TEN_THOUSANDTHS = 10_000;

const rules = z.object({
  percent: z
    .number()
    .min(0, 'percent must be from 0 to 100')
    .max(100, 'percent must be from 0 to 100')
    .refine(
      (percent) => Math.round(percent * TEN_THOUSANDTHS) / TEN_THOUSANDTHS === percent,
      'percent must have at most four decimals',
    )
    .nullable(),
});

/** The platform's share of each order, which may be another one for some producers. */
export class PlatformFeesService {
  /** @param platformPercent of those who have no other */
  constructor(private readonly platformPercent: number) {}

  /**
   * Orders that exist keep the fee they were made with.
   *
   * @param percent null for the platform's own again
   * @throws AppError FORBIDDEN unless the viewer is an operator; BAD_USER_INPUT, NOT_FOUND
   */
  async set(
    em: EntityManager,
    viewer: Viewer,
    producerId: string,
    percent: number | null,
  ): Promise<PlatformFee> {
    const id = parseProducerId(producerId);
    const { percent: own } = decode(rules, { percent });
    await requireOperator(em, viewer);
    await em.transactional((tx) => setFee(tx, viewer, id, own));
    const producer = await em.findOneOrFail(Producer, { id }, { refresh: true });
    return { producer, percent: own ?? this.platformPercent, isOwn: own !== null };
  }
}

/** @throws AppError NOT_FOUND */
async function setFee(em: EntityManager, viewer: Viewer, id: number, own: number | null): Promise<void> {
  const [row] = await em.execute<{ before: string | null }[]>(
    `update producer set platform_fee_percent = ?
     from (select id, platform_fee_percent as before from producer where id = ? for update) as known
     where producer.id = known.id returning known.before`,
    [own, id],
  );
  if (row === undefined) throw notFound('Producer not found');
  const from = row.before === null ? null : Number(row.before);
  if (from === own) return;
  await recordChange(em, {
    action: AuditLogAction.PLATFORM_FEE_SET,
    actorId: viewer.userId,
    of: { producerId: id },
    subject: ['Producer', id],
    details: { percent: { from, to: own } },
  });
}
