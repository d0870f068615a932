import type { EntityManager } from '@mikro-orm/postgresql';
import { forbidden, notFound } from '../errors.js';
import { recordChange } from './audit-log.js';
import { AuditLogAction } from './audit-log-entry.js';
import { User } from './user.entity.js';
import type { Viewer } from './viewer.js';

/**
 * Read each time, never kept in a token: whoever is no operator any more is refused at once.
 *
 * @throws AppError FORBIDDEN unless the viewer is an operator
 */
export async function requireOperator(em: EntityManager, viewer: Viewer): Promise<void> {
  if (!(await isOperator(em, viewer))) throw forbidden('This is for operators of the platform');
}

export async function isOperator(em: EntityManager, viewer: Viewer): Promise<boolean> {
  return (await em.fork().count(User, { id: viewer.userId, isOperator: true })) > 0;
}

/** @throws AppError NOT_FOUND when no account has this e-mail address */
export async function setOperator(em: EntityManager, email: string, isOperator: boolean): Promise<void> {
  await em.transactional(async (tx) => {
    const user = await tx.findOne(User, { emailNormalized: email.trim().toLowerCase() });
    if (user === null) throw notFound(`No account has the e-mail address ${email}`);
    if ((await tx.nativeUpdate(User, { id: user.id, isOperator: !isOperator }, { isOperator })) === 0) return;
    await recordChange(tx, {
      action: isOperator ? AuditLogAction.OPERATOR_GRANTED : AuditLogAction.OPERATOR_REVOKED,
      actorId: null,
      subject: ['User', user.id],
    });
  });
}

/** @returns their e-mail addresses, sorted */
export async function findOperators(em: EntityManager): Promise<string[]> {
  const operators = await em.find(User, { isOperator: true }, { orderBy: { emailNormalized: 'asc' } });
  return operators.map(({ email }) => email);
}
