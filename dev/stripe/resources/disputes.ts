import type Stripe from 'stripe';
import { closeDispute, mustBeOpen, mustFindDispute, submitEvidence } from '../actions/disputes.js';
import { type Call, type Endpoint, endpoint } from '../wire/endpoint.js';
import { boolean, object, optional, type Read, text } from '../wire/fields.js';
import { changeMetadata, metadata } from '../wire/metadata.js';
import { createdField, isWithin, page, pagingFields } from '../wire/paging.js';

const LONG_TEXT = 20_000;

/** The evidence that is text; files cannot be uploaded here. */
const evidence = object({
  access_activity_log: optional(text(LONG_TEXT)),
  billing_address: optional(text(LONG_TEXT)),
  cancellation_policy_disclosure: optional(text(LONG_TEXT)),
  cancellation_rebuttal: optional(text(LONG_TEXT)),
  customer_email_address: optional(text(LONG_TEXT)),
  customer_name: optional(text(LONG_TEXT)),
  customer_purchase_ip: optional(text(LONG_TEXT)),
  duplicate_charge_explanation: optional(text(LONG_TEXT)),
  product_description: optional(text(LONG_TEXT)),
  refund_policy_disclosure: optional(text(LONG_TEXT)),
  refund_refusal_explanation: optional(text(LONG_TEXT)),
  service_date: optional(text(LONG_TEXT)),
  uncategorized_text: optional(text(LONG_TEXT)),
});

const updateFields = {
  evidence: optional(evidence),
  metadata,
  submit: optional(boolean()),
} as const;

/** https://docs.stripe.com/api/disputes */
export const disputeEndpoints: readonly Endpoint[] = [
  endpoint(
    'GET',
    '/v1/disputes',
    {
      ...pagingFields,
      charge: optional(text()),
      created: createdField,
      payment_intent: optional(text()),
    },
    ({ world, params }) =>
      page(world.store.disputes, params, '/v1/disputes', (dispute) => {
        return (
          isWithin(dispute.created, params.created) &&
          (params.charge === undefined || dispute.charge === params.charge) &&
          (params.payment_intent === undefined || dispute.payment_intent === params.payment_intent)
        );
      }),
  ),
  endpoint('GET', '/v1/disputes/:id', {}, ({ world, ids }) => mustFindDispute(world, ids[0]!)),
  endpoint('POST', '/v1/disputes/:id', updateFields, update),
  endpoint('POST', '/v1/disputes/:id/close', {}, ({ world, ids }) => closeDispute(world, ids[0]!, 'lost')),
];

/** Evidence is handed in at once unless `submit` is false (https://docs.stripe.com/api/disputes/update). */
function update({ world, params, ids }: Call<Read<typeof updateFields>>): Stripe.Dispute {
  const dispute = mustFindDispute(world, ids[0]!);
  const previous = { metadata: dispute.metadata, status: dispute.status };
  if (params.evidence !== undefined) {
    mustBeOpen(dispute);
    const given = Object.entries(params.evidence).filter(([, value]) => value !== undefined);
    Object.assign(dispute.evidence, Object.fromEntries(given));
    dispute.evidence_details.has_evidence ||= given.length > 0;
    if (params.submit !== false) submitEvidence(dispute);
  } else if (params.submit === true) {
    submitEvidence(dispute);
  }
  dispute.metadata = changeMetadata(dispute.metadata, params.metadata);
  world.events.emit('charge.dispute.updated', dispute, { previous });
  return dispute;
}
