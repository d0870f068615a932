import type { EntityManager } from '@mikro-orm/postgresql';
import { AuditLogAction, recordChange, type Viewer } from '../accounts/index.js';
import { badUserInput } from '../errors.js';
import type { OrderEvents } from '../orders/index.js';
import { type Buyer, buyerOf } from './buyer.js';
import { type ErasedAccount, type ErasedOrders, eraseAccount, eraseOrders } from './buyer-erasure.js';
import { type BuyerExport, exportOf, MOST_ORDERS } from './buyer-export.js';

export interface Erasure {
  readonly orders: number;
  readonly attendees: number;
  readonly accountErased: boolean;
}

/** What is known of a buyer: to be taken along, and to be erased. */
export class BuyerDataService {
  constructor(private readonly events: Pick<OrderEvents, 'publish'>) {}

  /**
   * @param email null for the viewer's own account
   * @throws AppError BAD_USER_INPUT; FORBIDDEN for an e-mail address, unless the viewer is an operator
   */
  async export(em: EntityManager, viewer: Viewer, email: string | null | undefined): Promise<BuyerExport> {
    const buyer = await buyerOf(em, viewer, email);
    return em.fork().transactional(async (tx) => {
      const data = await exportOf(tx, buyer);
      if (data.orders.length > MOST_ORDERS) {
        throw badUserInput('email', `More than ${MOST_ORDERS} orders cannot be exported at once`);
      }
      if (buyer.email !== null && (data.account !== null || data.orders.length > 0)) {
        await recordChange(tx, {
          action: AuditLogAction.BUYER_EXPORTED,
          actorId: viewer.userId,
          subject: buyer.userId === null ? ['Order', String(data.orders[0]?.id)] : ['User', buyer.userId],
          details: { orders: data.orders.length },
        });
      }
      return data;
    });
  }

  /**
   * Erasing twice changes nothing more.
   *
   * @param email null for the viewer's own account
   * @throws AppError BAD_USER_INPUT; FORBIDDEN for an e-mail address, unless the viewer is an operator; CONFLICT with
   * `orderIds` where money is still under way or something is being bought, and then nothing is erased
   */
  async erase(em: EntityManager, viewer: Viewer, email: string | null | undefined): Promise<Erasure> {
    const buyer = await buyerOf(em, viewer, email);
    const { account, erased } = await em.fork().transactional(async (tx) => {
      const erased = await eraseOrders(tx, buyer);
      const account = buyer.userId === null ? undefined : await eraseAccount(tx, buyer.userId);
      await record(tx, viewer, buyer, erased, account);
      return { account, erased };
    });
    for (const id of erased.ids) this.events.publish(id);
    return { orders: erased.ids.length, attendees: erased.attendees, accountErased: account !== undefined };
  }
}

/** Each producer reads of its own orders, and operators of the account. */
async function record(
  em: EntityManager,
  viewer: Viewer,
  buyer: Buyer,
  { perProducer }: ErasedOrders,
  account: ErasedAccount | undefined,
): Promise<void> {
  const action = AuditLogAction.BUYER_ERASED;
  const actorId = viewer.userId;
  for (const [producerId, orders] of perProducer) {
    const subject = ['Producer', producerId] as const;
    await recordChange(em, { action, actorId, of: { producerId }, subject, details: { orders } });
  }
  if (account === undefined || buyer.userId === null) return;
  const subject = ['User', buyer.userId] as const;
  await recordChange(em, { action, actorId, subject });
  if (account.wasOperator) {
    await recordChange(em, { action: AuditLogAction.OPERATOR_REVOKED, actorId, subject });
  }
}
