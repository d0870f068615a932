import { type GraphQLFieldResolver, type GraphQLSchema, printSchema } from 'graphql';
import { GraphQLDateTime } from 'graphql-scalars';
import { buildSchemaSync, registerEnumType } from 'type-graphql';
import {
  AuditedFact,
  AuditResolver,
  OrderPaymentsResolver,
  PaymentResolver,
  ProducerFiguresResolver,
} from '../accounting/index.js';
import { AccountResolver, AuditLogAction } from '../accounts/index.js';
import {
  AuditLogResolver,
  ProducerAuditLogResolver,
  ProducerResolver,
  ShowResolver,
  ShowStatus,
  TicketResolver,
  UserProducersResolver,
} from '../catalog/index.js';
import { DisputeStatus } from '../disputes/entities.js';
import { OrderDisputesResolver } from '../disputes/index.js';
import { InventoryResolver, TicketStatus } from '../inventory/index.js';
import { AttendeeStatus, OrderStatus, PaymentStatus } from '../orders/entities.js';
import { AttendeeResolver, OrderFieldsResolver, OrderLineResolver, OrderResolver } from '../orders/index.js';
import { WebhookEventOutcome, WebhookEventResolver } from '../payments/index.js';
import { BuyerDataResolver } from '../privacy/index.js';
import { CancellationStatus, RefundReason, RefundStatus } from '../refunds/entities.js';
import {
  CancellationFieldsResolver,
  OrderRefundsResolver,
  RefundResolver,
  ShowCancellationResolver,
} from '../refunds/index.js';
import type { RequestContext } from './context.js';
import { callMethodsDirectly } from './direct-resolvers.js';
import { enforcePermissions } from './enforce-permissions.js';
import { countLongTexts } from './long-texts.js';

registerEnumType(ShowStatus, { name: 'ShowStatus' });
registerEnumType(TicketStatus, { name: 'TicketStatus' });
registerEnumType(OrderStatus, {
  name: 'OrderStatus',
  description: 'PENDING holds inventory until expiresAt; CONFIRMED is paid, or free.',
});
registerEnumType(PaymentStatus, {
  name: 'PaymentStatus',
  description: 'Kept apart from OrderStatus: money moving back never silently changes who may enter.',
});
registerEnumType(AttendeeStatus, { name: 'AttendeeStatus' });
registerEnumType(AuditLogAction, { name: 'AuditLogAction' });
registerEnumType(AuditedFact, { name: 'AuditedFact' });
registerEnumType(DisputeStatus, {
  name: 'DisputeStatus',
  description:
    'An inquiry moves no money and freezes nothing. A dispute freezes the attendees of its order until it is WON or LOST.',
});
registerEnumType(RefundReason, {
  name: 'RefundReason',
  description:
    'LATE_PAYMENT: it arrived after the order had ended. AT_STRIPE: made at Stripe itself, which says nothing of who may enter.',
});
registerEnumType(RefundStatus, {
  name: 'RefundStatus',
  description:
    'PENDING until Stripe and the bank have decided, which may take days; FAILED can be tried again.',
});
registerEnumType(CancellationStatus, { name: 'CancellationStatus' });
registerEnumType(WebhookEventOutcome, {
  name: 'WebhookEventOutcome',
  description:
    'APPLIED changed something; IGNORED had nothing to change, or is not ours; REFUSED does not fit the order, and a human has to look; FAILED is tried again.',
});

/** Resolver instances by their class; constructed by hand in app.ts. */
export type Resolvers = ReadonlyMap<unknown, object>;

/** @param resolvers what answers; without it the schema can be printed but not executed */
export function createSchema(resolvers: Resolvers = new Map()): GraphQLSchema {
  const schema = buildSchemaSync({
    resolvers: [
      AccountResolver,
      ProducerResolver,
      AuditLogResolver,
      ProducerAuditLogResolver,
      UserProducersResolver,
      ShowResolver,
      TicketResolver,
      InventoryResolver,
      OrderResolver,
      OrderFieldsResolver,
      OrderDisputesResolver,
      OrderPaymentsResolver,
      PaymentResolver,
      ProducerFiguresResolver,
      AuditResolver,
      OrderLineResolver,
      AttendeeResolver,
      RefundResolver,
      OrderRefundsResolver,
      ShowCancellationResolver,
      CancellationFieldsResolver,
      WebhookEventResolver,
      BuyerDataResolver,
    ],
    scalarsMap: [{ type: Date, scalar: GraphQLDateTime }],
    container: { get: (resolverClass: unknown) => resolvers.get(resolverClass) },
    // Rules are checked in the services, which jobs and webhooks call too.
    validate: false,
    // Every subscription names its own source; type-graphql insists on having a default one.
    pubSub: { publish: unused, subscribe: unused },
  });
  callMethodsDirectly(schema, resolvers);
  countLongTexts(schema);
  enforcePermissions(schema);
  renewBeforeMutations(schema);
  answerFeedsAsTheyAre(schema);
  return schema;
}

/** Several mutations of one document run one after the other, and each must see what the one before did. */
function renewBeforeMutations(schema: GraphQLSchema): void {
  for (const field of Object.values(schema.getMutationType()?.getFields() ?? {})) {
    const resolve = field.resolve as GraphQLFieldResolver<unknown, RequestContext>;
    field.resolve = (source, args, context: RequestContext, info) => {
      context.renew();
      return resolve(source, args, context, info);
    };
  }
}

/** An update of a feed is the answer. Type-graphql would check the arguments again, and wait for that. */
function answerFeedsAsTheyAre(schema: GraphQLSchema): void {
  const field = schema.getSubscriptionType()?.getFields().inventoryChanged;
  if (field) field.resolve = (update) => update;
}

/** The schema as it is committed in schema.graphql. */
export function schemaText(): string {
  return `${printSchema(createSchema())}\n`;
}

function unused(): never {
  throw new Error('Subscriptions take their events from RequestContext.streams');
}
