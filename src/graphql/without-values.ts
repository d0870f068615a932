/**
 * What graphql says of a client's mistake, without the value that was wrong. It repeats values in full: a password in the
 * wrong place would then stand in whatever the client does with errors, which is to log and to report them.
 */
export function withoutValues(message: string): string {
  const variable = /^Variable "\$\w+" got /.exec(message)?.[0];
  if (variable !== undefined && message.startsWith('invalid value', variable.length)) {
    const place = / at "[\w.[\]]+"(?=; )/.exec(message)?.[0] ?? '';
    return `${variable}an invalid value${place}; ${reasonIn(message) ?? 'It is not what the type takes.'}`;
  }
  if (message.startsWith('Syntax Error: ')) {
    return message.replace(/\b(BlockString|String|Int|Float) ".*"/s, '$1');
  }
  return REPEATS.some((repeats) => repeats.test(message)) ? (reasonIn(message) ?? message) : message;
}

/** Of graphql's rule ValuesOfCorrectType, and of scalars. */
const REPEATS = [
  /^(?:Enum ")?\w+"? cannot represent /,
  /^Expected value of type /,
  /^Value ".*" does not exist in /s,
];

/** What may be told of the reasons there are; names of types and fields are the schema's. */
function reasonIn(message: string): string | undefined {
  const told = TOLD.map((reason) => reason.exec(message)?.[0]).find((reason) => reason !== undefined);
  if (told !== undefined) return told;
  const type = /\b((?:Enum "\w+"|[A-Z]\w+) cannot represent) /.exec(message)?.[1];
  if (type !== undefined) return `${type} what was sent.`;
  const expected = /^Expected value of type "[\w![\]]+"/.exec(message)?.[0];
  if (expected !== undefined) return `${expected}.`;
  const enumeration = /does not exist in "\w+" enum\./.exec(message)?.[0];
  return enumeration && `The value ${enumeration}`;
}

const TOLD = [
  /Field "\w+" of required type "[\w![\]]+" was not provided\.$/,
  /Field "\w+" is not defined by type "\w+"\.(?: Did you mean [\w", ]+\?)?$/,
  /Expected non-nullable type "[\w![\]]+" not to be null\.$/,
  /Expected type "\w+" to be an object\.$/,
];
