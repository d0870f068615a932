import { Arg, Ctx, FieldResolver, ID, Int, Query, Resolver, Root } from 'type-graphql';
import { AuditLogEntry } from '../accounts/index.js';
import { connectionType, edgeType } from '../graphql/connection.js';
import type { RequestContext } from '../graphql/context.js';
import type { AuditLogService } from './audit-log.service.js';
import { Producer } from './producer.entity.js';

const AuditLogEdge = edgeType('AuditLog', AuditLogEntry);
const AuditLogConnection = connectionType('AuditLog', AuditLogEntry, AuditLogEdge);

@Resolver()
export class AuditLogResolver {
  constructor(private readonly log: AuditLogService) {}

  @Query(() => AuditLogConnection, {
    description:
      'For operators: who changed what, newest first, of one producer or of everybody and the platform itself.',
  })
  async auditLog(
    @Arg('producerId', () => ID, { nullable: true }) producerId: string | null | undefined,
    @Arg('first', () => Int, { defaultValue: 20, nullable: true }) first: number | null,
    @Arg('after', () => String, { nullable: true }) after: string | null | undefined,
    @Ctx() context: RequestContext,
  ) {
    const viewer = context.signedIn();
    return new AuditLogConnection(await this.log.page(context.em, viewer, producerId, first ?? 20, after));
  }
}

@Resolver(() => Producer)
export class ProducerAuditLogResolver {
  constructor(private readonly log: AuditLogService) {}

  @FieldResolver(() => AuditLogConnection, {
    nullable: true,
    description:
      "Who changed what, newest first. Null for whoever is neither an owner of this producer nor one of the platform's operators.",
  })
  async auditLog(
    @Root() producer: Producer,
    @Arg('first', () => Int, { defaultValue: 20, nullable: true }) first: number | null,
    @Arg('after', () => String, { nullable: true }) after: string | null | undefined,
    @Ctx() context: RequestContext,
  ) {
    const viewer = context.viewer();
    const page = viewer && (await this.log.pageOf(context.em, viewer, producer.id, first ?? 20, after));
    if (page === null) return null;
    context.count(page.edges);
    return new AuditLogConnection(page);
  }
}
