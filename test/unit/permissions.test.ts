import { readFileSync } from 'node:fs';
import { beforeAll, describe, expect, it, jest } from '@jest/globals';
import { buildSchema, type GraphQLObjectType, type GraphQLSchema, graphqlSync } from 'graphql';
import { viewerOf } from '../../src/accounts/viewer.js';
import { enforcePermissions } from '../../src/graphql/enforce-permissions.js';

const text = readFileSync('schema.graphql', 'utf8');

function changed(from: string | RegExp, to: string): GraphQLSchema {
  const other = text.replace(from, to);
  if (other === text) throw new Error(`The schema has no ${from}`);
  return buildSchema(other);
}

describe('a schema', () => {
  it('is not made with an operation or a field that nobody has said a word about', () => {
    expect(() => enforcePermissions(buildSchema(text))).not.toThrow();
    const newField = changed('  held: Int\n', '  held: Int\n  margin: Int\n');
    expect(() => enforcePermissions(newField)).toThrow('Nobody has said who may see or do Ticket.margin');
    const newOperation = changed('type Mutation {', 'type Mutation {\n  giveAway(id: ID!): Show');
    expect(() => enforcePermissions(newOperation)).toThrow('Mutation.giveAway');
    const newType = changed('type Query {', 'type Secret {\n  value: String\n}\n\ntype Query {');
    expect(() => enforcePermissions(newType)).toThrow('Secret.value');
  });

  it('is not made with a rule about what is gone, or that cannot be kept', () => {
    expect(() => enforcePermissions(changed(/ {2}"""\n[^"]*\n {2}"""\n {2}held: Int\n/, ''))).toThrow(
      'what is not there: Ticket.held',
    );
    const required = changed('  held: Int\n', '  held: Int!\n');
    expect(() => enforcePermissions(required)).toThrow(
      'Ticket.held is not for all, and so has to be nullable',
    );
  });
});

describe('a resolver that forgot to ask who it is', () => {
  let schema: GraphQLSchema;
  const begun = jest.fn();
  beforeAll(() => {
    schema = buildSchema(text);
    const fieldsOf = (type: string) => (schema.getType(type) as GraphQLObjectType).getFields();
    fieldsOf('Query').ticket!.resolve = () => ({ id: '1', name: 'Seat', held: 7 });
    fieldsOf('Ticket').held!.resolve = ({ held }) => held;
    fieldsOf('Query').webhookEvents!.resolve = () => begun();
    enforcePermissions(schema);
  });

  const ask = (source: string, userId?: string) => {
    const viewer = () =>
      userId === undefined ? null : viewerOf({ kind: 'user', userId, expiresAt: new Date(2 ** 42) });
    const signedIn = () => {
      const known = viewer();
      if (known === null) throw new Error('Sign in to do this');
      return known;
    };
    return graphqlSync({ schema, source, contextValue: { viewer, signedIn } });
  };

  it('tells strangers nothing', () => {
    expect(ask('{ ticket(id: "1") { name held } }').data).toEqual({ ticket: { name: 'Seat', held: null } });
    expect(ask('{ ticket(id: "1") { held } }', 'somebody').data).toEqual({ ticket: { held: 7 } });
  });

  it('is not even begun for strangers where one has to be signed in', () => {
    expect(ask('{ webhookEvents { totalCount } }').errors?.[0]?.message).toBe('Sign in to do this');
    expect(begun).not.toHaveBeenCalled();
    ask('{ webhookEvents { totalCount } }', 'somebody');
    expect(begun).toHaveBeenCalledTimes(1);
  });
});
