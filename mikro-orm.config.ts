import { ReflectMetadataProvider } from '@mikro-orm/decorators/legacy';
import { Migrator } from '@mikro-orm/migrations';
import { defineConfig } from '@mikro-orm/postgresql';
import { RefreshToken, User } from './src/accounts/entities.js';
import { Producer, ProducerMember, Show, Ticket } from './src/catalog/entities.js';
import { migrations } from './src/database/migrations/index.js';
import { Dispute } from './src/disputes/entities.js';
import { Attendee, Order, OrderLine } from './src/orders/entities.js';
import { Refund, RefundAttendee, ShowCancellation } from './src/refunds/entities.js';

/** Used by the server and by MikroORM's command line alike; the database's URL comes from the environment. */
export default defineConfig({
  clientUrl: process.env.DATABASE_URL,
  entities: [
    ...[User, RefreshToken, Producer, ProducerMember, Show, Ticket],
    ...[Order, OrderLine, Attendee, Refund, RefundAttendee, ShowCancellation, Dispute],
  ],
  metadataProvider: ReflectMetadataProvider,
  extensions: [Migrator],
  forceUtcTimezone: true,
  // No entity has an inverse side to keep in step, and accessors on each instance are what an entity costs most.
  propagationOnPrototype: false,
  migrations: { tableName: 'schema_migration', migrationsList: migrations, snapshot: false },
});
