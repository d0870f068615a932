import { Arg, Ctx, ID, Int, Query, Resolver } from 'type-graphql';
import type { RequestContext } from '../graphql/context.js';
import { AuditDifference, AuditedFact, LedgerAudit as LedgerAuditAnswer } from './audit-report.js';
import { findInventoryDifferencesFor } from './inventory-audit.js';
import type { LedgerAudit } from './ledger-audit.js';

@Resolver()
export class AuditResolver {
  constructor(private readonly ledgerAudits: LedgerAudit) {}

  @Query(() => [AuditDifference], {
    description: 'For operators: where counters, orders, attendees and the ledger contradict each other.',
  })
  async inventoryAudit(@Ctx() context: RequestContext): Promise<AuditDifference[]> {
    const differences = await findInventoryDifferencesFor(context.em, context.signedIn());
    return differences.map((description) => ({ description }));
  }

  @Query(() => LedgerAuditAnswer, {
    description:
      'For operators: compares the ledger with Stripe, for the orders made in this time or for one of them. Each order costs a call to Stripe.',
  })
  async ledgerAudit(
    @Arg('from', () => Date, { nullable: true }) from: Date | null | undefined,
    @Arg('to', () => Date, { nullable: true }) to: Date | null | undefined,
    @Arg('orderId', () => ID, { nullable: true }) orderId: string | null | undefined,
    @Arg('first', () => Int, { defaultValue: 25 }) first: number,
    @Arg('after', () => String, { nullable: true }) after: string | null | undefined,
    @Ctx() context: RequestContext,
  ): Promise<LedgerAuditAnswer> {
    const viewer = context.signedIn();
    const range = { from, to, orderId, first, after };
    const page = await this.ledgerAudits.compareFor(context.em, viewer, range);
    const differences = page.differences.map((one) => ({ ...one, what: AuditedFact[one.what] }));
    return { ...page, differences };
  }
}
