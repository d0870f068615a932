import { Arg, Ctx, FieldResolver, Resolver, Root } from 'type-graphql';
import { type Memberships, Producer } from '../catalog/index.js';
import type { RequestContext } from '../graphql/context.js';
import { Money } from '../graphql/money.js';
import { Order } from '../orders/entities.js';
import { decodePeriod } from '../validation/period.js';
import { MoneyTotal, Payment, SalesFigures } from './figures.js';
import { accountingLoaders } from './loaders.js';

const TEAM_ONLY = "Null for whoever is not of the producer's team.";

@Resolver(() => Order)
export class OrderPaymentsResolver {
  @FieldResolver(() => [Payment], { description: 'What the ledger says was paid; empty for a free order.' })
  payments(@Root() order: Order, @Ctx() context: RequestContext): Promise<Payment[]> {
    return context.counted(context.use(accountingLoaders).paymentsOfOrder.load(order.id));
  }
}

@Resolver(() => Payment)
export class PaymentResolver {
  constructor(private readonly memberships: Memberships) {}

  @FieldResolver(() => Money, { nullable: true, description: `The platform's share. ${TEAM_ONLY}` })
  async fee(@Root() payment: Payment, @Ctx() context: RequestContext): Promise<Money | null> {
    return (await isOfTeam(this.memberships, payment.producerId, context)) ? payment.feeTaken : null;
  }

  @FieldResolver(() => Money, {
    nullable: true,
    description: `What the producer's account received of it. ${TEAM_ONLY}`,
  })
  async net(@Root() payment: Payment, @Ctx() context: RequestContext): Promise<Money | null> {
    return (await isOfTeam(this.memberships, payment.producerId, context)) ? payment.netReceived : null;
  }
}

@Resolver(() => Producer)
export class ProducerFiguresResolver {
  constructor(private readonly memberships: Memberships) {}

  @FieldResolver(() => [MoneyTotal], {
    nullable: true,
    description: `What the producer's Stripe account has received, less fees and what was taken back, by currency. Payouts to the bank are not looked at. ${TEAM_ONLY}`,
  })
  async balance(@Root() producer: Producer, @Ctx() context: RequestContext): Promise<MoneyTotal[] | null> {
    if (!(await isOfTeam(this.memberships, producer.id, context))) return null;
    return context.counted(context.use(accountingLoaders).balanceOfProducer.load(producer.id));
  }

  @FieldResolver(() => [SalesFigures], {
    nullable: true,
    description: `Of all time, unless \`from\` (included) or \`to\` (excluded) say otherwise; by currency. ${TEAM_ONLY}`,
  })
  async sales(
    @Root() producer: Producer,
    @Arg('from', () => Date, { nullable: true }) from: Date | null | undefined,
    @Arg('to', () => Date, { nullable: true }) to: Date | null | undefined,
    @Ctx() context: RequestContext,
  ): Promise<SalesFigures[] | null> {
    const period = decodePeriod({ from, to });
    if (!(await isOfTeam(this.memberships, producer.id, context))) return null;
    const window = { producerId: producer.id, ...period };
    return context.counted(context.use(accountingLoaders).salesOfProducer.load(window));
  }
}

/** Whoever is not signed in is of no team, and what the team alone may see is in no shared answer. */
async function isOfTeam(
  memberships: Memberships,
  producerId: number,
  context: RequestContext,
): Promise<boolean> {
  if (context.viewer() === null) return false;
  return (await context.use(memberships.own)).has(producerId);
}
