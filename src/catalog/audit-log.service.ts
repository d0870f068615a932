import type { EntityManager } from '@mikro-orm/postgresql';
import {
  type AuditLogEntry,
  isOperator,
  pageOfAuditLog,
  requireOperator,
  type Viewer,
} from '../accounts/index.js';
import { parseProducerId } from '../validation/ids.js';
import type { Page } from '../validation/paging.js';
import { ProducerMember } from './producer-member.entity.js';

/** The audit log for those who may read it. */
export class AuditLogService {
  /** @throws AppError FORBIDDEN unless the viewer is an operator; BAD_USER_INPUT */
  async page(
    em: EntityManager,
    viewer: Viewer,
    producerId: string | null | undefined,
    first: number,
    after: string | null | undefined,
  ): Promise<Page<AuditLogEntry>> {
    const id = producerId == null ? null : parseProducerId(producerId);
    await requireOperator(em, viewer);
    return pageOfAuditLog(em, id, first, after);
  }

  /** Null for whoever may not read it. @throws AppError BAD_USER_INPUT */
  async pageOf(
    em: EntityManager,
    viewer: Viewer,
    producerId: number,
    first: number,
    after: string | null | undefined,
  ): Promise<Page<AuditLogEntry> | null> {
    const owns = await em.count(ProducerMember, { producerId, userId: viewer.userId, role: 'OWNER' });
    if (owns === 0 && !(await isOperator(em, viewer))) return null;
    return pageOfAuditLog(em, producerId, first, after);
  }
}
