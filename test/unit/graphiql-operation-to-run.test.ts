import { describe, expect, it } from '@jest/globals';
import { operationToRun } from '../../src/http/graphiql/page/operation-to-run.js';

const two = 'query First { a } mutation Second { b }';

describe('which operation GraphiQL runs', () => {
  it('is the one that is named', () => {
    expect(operationToRun(two, 'Second').operationName).toBe('Second');
  });

  it('is the only one of a text that has been put there since the name was found', () => {
    const { operationName, documentAST } = operationToRun('subscription Watch { c }', 'First');

    expect(operationName).toBe('Watch');
    expect(documentAST?.definitions[0]).toMatchObject({ operation: 'subscription' });
  });

  it('is left open where the name fits none of several', () => {
    expect(operationToRun(two, 'Third').operationName).toBeUndefined();
  });

  it('needs no name where the only one has none', () => {
    expect(operationToRun('{ a }', null).operationName).toBeUndefined();
  });

  it('is left to the server where the text cannot be parsed', () => {
    expect(operationToRun('query {', 'First')).toEqual({ operationName: 'First' });
  });
});
