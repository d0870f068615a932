import { expect } from '@jest/globals';
import { operatorOnly, type Row } from './permissions-cast.js';

/** What whoever runs the platform may do, and nobody else. */
export function operatorRows(): Row[] {
  return [
    {
      operation: 'Query.inventoryAudit',
      of: 'everything',
      variables: () => ({}),
      outcome: operatorOnly([]),
    },
    {
      operation: 'Query.ledgerAudit',
      of: 'everything',
      variables: () => ({}),
      outcome: operatorOnly({ differences: expect.any(Array), orders: expect.any(Number) }),
    },
    {
      operation: 'Query.auditLog',
      of: 'everything',
      variables: () => ({}),
      outcome: operatorOnly({ nodes: expect.any(Array), totalCount: expect.any(Number) }),
    },
    {
      operation: 'Query.webhookEvents',
      of: 'the platform',
      variables: () => ({}),
      outcome: operatorOnly({ nodes: expect.any(Array), totalCount: expect.any(Number) }),
    },
    {
      operation: 'Mutation.replayWebhookEvent',
      of: 'nothing',
      variables: () => ({ id: 'evt_none' }),
      outcome: operatorOnly('NOT_FOUND'),
    },
    {
      operation: 'Mutation.replayFailedWebhookEvents',
      of: 'the platform',
      variables: () => ({}),
      outcome: operatorOnly([]),
    },
  ];
}
