import { Field, ID, Int, ObjectType } from 'type-graphql';
import type { TicketRow } from './ticket-row.js';
import { available, TicketStatus, ticketStatus } from './ticket-status.js';

@ObjectType({ simpleResolvers: true })
export class TicketInventory {
  @Field(() => ID)
  ticketId!: number;

  @Field(() => Int)
  available!: number;

  @Field(() => TicketStatus)
  status!: TicketStatus;

  @Field(() => Int, {
    description: 'Rises by at least 1 with every change of this ticket; a lower one is older.',
  })
  version!: number;
}

@ObjectType({
  simpleResolvers: true,
  description:
    'The first one after subscribing carries every ticket of the show; later ones those that changed.',
})
export class InventoryUpdate {
  @Field(() => ID)
  showId!: number;

  @Field(() => [TicketInventory])
  tickets!: TicketInventory[];

  @Field(() => Date)
  sentAt!: Date;
}

export function ticketInventory(row: TicketRow, now: Date): TicketInventory {
  return {
    ticketId: row.id,
    available: available(row),
    status: ticketStatus(row, now),
    version: row.version,
  };
}
