import type { EntityManager } from '@mikro-orm/postgresql';
import { forbidden, notFound } from '../errors.js';
import { User } from './user.entity.js';
import type { Viewer } from './viewer.js';

/**
 * Read each time, never kept in a token: whoever is no operator any more is refused at once.
 *
 * @throws AppError FORBIDDEN unless the viewer is an operator
 */
export async function requireOperator(em: EntityManager, viewer: Viewer): Promise<void> {
  const operators = await em.fork().count(User, { id: viewer.userId, isOperator: true });
  if (operators === 0) throw forbidden('This is for operators of the platform');
}

/** @throws AppError NOT_FOUND when no account has this e-mail address */
export async function setOperator(em: EntityManager, email: string, isOperator: boolean): Promise<void> {
  const changed = await em.nativeUpdate(
    User,
    { emailNormalized: email.trim().toLowerCase() },
    { isOperator },
  );
  if (changed === 0) throw notFound(`No account has the e-mail address ${email}`);
}

/** @returns their e-mail addresses, sorted */
export async function findOperators(em: EntityManager): Promise<string[]> {
  const operators = await em.find(User, { isOperator: true }, { orderBy: { emailNormalized: 'asc' } });
  return operators.map(({ email }) => email);
}
