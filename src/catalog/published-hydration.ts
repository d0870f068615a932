import { hash } from 'node:crypto';
import type { Orm } from '../database/index.js';
import { Producer } from './producer.entity.js';
import type { Columns, PublishedRow, Terms } from './published-rows.js';
import { PublicShow, PublicTicket, PublishedShow } from './published-show.js';
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
  const size = row.terms.length * 2 + OBJECT_BYTES * (2 + terms.tickets.length);
  return new PublishedShow(upkeep, digest(row.terms), row.revision, size, (published) => ({
    producer: detached(orm, Producer, Producer.prototype, terms.producer),
    show: detached(orm, Show, PublicShow.prototype, { ...terms.show }, { published }),
    tickets: terms.tickets.map((columns, index) => {
      const [, quantity, held, sold, version] = row.counters[index] ?? [];
      return detached(
        orm,
        Ticket,
        PublicTicket.prototype,
        { ...columns, quantity, held, sold, version },
        { published },
      );
    }),
  }));
}

/**
 * As the ORM would make it, but with plain properties: those of its entities are read through its bookkeeping,
 * which holds on to all that was read together.
 */
function detached<Row extends object>(
  orm: Orm,
  entity: abstract new () => object,
  prototype: Row,
  columns: Columns,
  more: Readonly<Record<string, unknown>> = {},
): Row {
  const properties = orm.getMetadata(entity).props.flatMap(({ name, fieldNames, runtimeType }) => {
    const value = columns[fieldNames?.[0] ?? ''];
    if (value === undefined) return [];
    return [[name, runtimeType === 'Date' && value !== null ? new Date(value as string) : value] as const];
  });
  const row = Object.create(prototype) as Row;
  for (const [name, value] of [...properties, ...Object.entries(more)]) {
    // Assigning would call what the ORM has put on the prototype.
    Object.defineProperty(row, name, { value, writable: true, enumerable: true, configurable: true });
  }
  return row;
}
