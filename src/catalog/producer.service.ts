import { randomUUID } from 'node:crypto';
import type { EntityManager } from '@mikro-orm/postgresql';
import { z } from 'zod';
import { AuditLogAction, recordChange, User, type Viewer } from '../accounts/index.js';
import { forbidden, notFound, unauthenticated } from '../errors.js';
import { type Connect, isReplayedFailure, providerUnavailable } from '../payments/index.js';
import { decode } from '../validation/decode.js';
import { parseProducerId } from '../validation/ids.js';
import { httpUrl, text } from '../validation/rules.js';
import { Producer } from './producer.entity.js';
import { ProducerMember } from './producer-member.entity.js';
import { disconnectAccount } from './stripe-disconnection.js';

const producerRules = z.object({ name: text('Name', 200) });
const onboardingRules = z.object({ returnUrl: httpUrl('returnUrl'), refreshUrl: httpUrl('refreshUrl') });

/** Producers, their teams, and the Stripe accounts behind them. */
export class ProducerService {
  constructor(private readonly connect: Connect) {}

  /** Whoever makes a producer owns it. */
  async create(em: EntityManager, viewer: Viewer, input: z.input<typeof producerRules>): Promise<Producer> {
    const { name } = decode(producerRules, input);
    return em.transactional(async (tx) => {
      if ((await tx.count(User, { id: viewer.userId, erasedAt: null })) === 0)
        throw unauthenticated('This account no longer exists');
      const producer = tx.create(Producer, {
        name,
        stripeAccountKey: randomUUID(),
        canAcceptPayments: false,
        stripeQuestions: 0,
        stripeAnswer: 0,
        createdAt: new Date(),
      });
      await tx.flush();
      tx.create(
        ProducerMember,
        { producerId: producer.id, userId: viewer.userId, role: 'OWNER', createdAt: new Date() },
        { persist: true },
      );
      await recordChange(tx, {
        action: AuditLogAction.PRODUCER_CREATED,
        actorId: viewer.userId,
        of: { producerId: producer.id },
        subject: ['Producer', producer.id],
        details: { name },
      });
      return producer;
    });
  }

  /**
   * Starts Stripe's onboarding, or goes on with it.
   *
   * @throws AppError FORBIDDEN, NOT_FOUND, PAYMENT_PROVIDER_UNAVAILABLE
   */
  async connectStripeAccount(
    em: EntityManager,
    viewer: Viewer,
    producerId: string,
    urls: z.input<typeof onboardingRules>,
  ): Promise<{ url: string; producer: Producer }> {
    const id = parseProducerId(producerId);
    const { returnUrl, refreshUrl } = decode(onboardingRules, urls);
    const producer = await this.requireMember(em, viewer, id);
    const url = await this.onboard(em, viewer, producer, returnUrl, refreshUrl);
    if (url !== undefined) return { url, producer };
    // The owner has disconnected the account, and its event has not come yet.
    await em.transactional((tx) => disconnectAccount(tx, producer.stripeAccountId ?? ''));
    await em.refresh(producer);
    const again = await this.onboard(em, viewer, producer, returnUrl, refreshUrl);
    if (again === undefined) throw providerUnavailable({ retryAfterMs: 5_000 });
    return { url: again, producer };
  }

  /** @returns undefined where the producer's account was disconnected */
  private async onboard(
    em: EntityManager,
    viewer: Viewer,
    producer: Producer,
    returnUrl: string,
    refreshUrl: string,
  ): Promise<string | undefined> {
    const { id } = producer;
    if (producer.stripeAccountId === null) {
      const owner = await em.findOneOrFail(User, { id: viewer.userId });
      const accountId = await this.createAccount(em, producer, owner.email);
      await em.transactional(async (tx) => {
        const own = { id, stripeAccountId: null };
        if ((await tx.nativeUpdate(Producer, own, { stripeAccountId: accountId })) === 0) return;
        await recordChange(tx, {
          action: AuditLogAction.STRIPE_ACCOUNT_CONNECTED,
          actorId: viewer.userId,
          of: { producerId: id },
          subject: ['Producer', id],
          details: { stripeAccountId: accountId },
        });
      });
      await em.refresh(producer);
    }
    return this.connect.createOnboardingLink(producer.stripeAccountId ?? '', returnUrl, refreshUrl);
  }

  /** A failure that Stripe has kept is all that the key would ever be answered with; the next try has another. */
  private async createAccount(em: EntityManager, producer: Producer, email: string): Promise<string> {
    const { id, stripeAccountKey } = producer;
    try {
      return await this.connect.createAccount(id, stripeAccountKey, email);
    } catch (error) {
      if (isReplayedFailure(error)) {
        await em.nativeUpdate(Producer, { id, stripeAccountKey }, { stripeAccountKey: randomUUID() });
      }
      throw error;
    }
  }

  /** @returns the producer whose team the viewer is of. @throws AppError NOT_FOUND, FORBIDDEN */
  async requireMember(em: EntityManager, viewer: Viewer, producerId: number): Promise<Producer> {
    const producer = await em.findOne(Producer, { id: producerId });
    if (producer === null) throw notFound('Producer not found');
    if (!(await this.isMember(em, viewer, producerId)))
      throw forbidden("You are not of this producer's team");
    return producer;
  }

  async isMember(em: EntityManager, viewer: Viewer | null, producerId: number): Promise<boolean> {
    if (viewer === null) return false;
    return (await em.count(ProducerMember, { producerId, userId: viewer.userId })) > 0;
  }
}
