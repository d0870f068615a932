import { hash } from 'node:crypto';
import type { Orm } from '../database/index.js';
import { Producer } from './producer.entity.js';
import type { Columns, PublishedRow, Terms } from './published-rows.js';
import { PublicTicket, PublishedShow } from './published-show.js';
import { Show } from './show.entity.js';
import { Ticket } from './ticket.entity.js';
import type { Upkeep } from './upkeep.js';

/** Bytes that an object takes beside its texts, roughly. */
const OBJECT_BYTES = 500;

export function digest(terms: string): string {
  return hash('sha256', terms, 'base64');
}

export function hydrate(orm: Orm, row: PublishedRow, upkeep: Upkeep): PublishedShow {
  const terms = JSON.parse(row.terms) as Terms;
  const producer = fill(orm, Producer, new Producer(), terms.producer);
  const size = row.terms.length * 2 + OBJECT_BYTES * (2 + terms.tickets.length);
  const published = new PublishedShow(upkeep, producer, digest(row.terms), row.revision, size);
  fill(orm, Show, published.show, terms.show);
  published.tickets = terms.tickets.map((columns) => fill(orm, Ticket, new PublicTicket(published), columns));
  return published;
}

/** As the ORM would, but without its bookkeeping, which holds on to all that was read together. */
function fill<Row extends object>(
  orm: Orm,
  entity: abstract new () => object,
  instance: Row,
  columns: Columns,
): Row {
  for (const { name, fieldNames, runtimeType } of orm.getMetadata(entity).props) {
    const value = columns[fieldNames?.[0] ?? ''];
    if (value === undefined) continue;
    Object.assign(instance, {
      [name]: runtimeType === 'Date' && value !== null ? new Date(value as string) : value,
    });
  }
  return instance;
}
