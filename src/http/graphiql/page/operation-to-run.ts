import { type DocumentNode, Kind, parse } from 'graphql';

export interface OperationToRun {
  readonly operationName?: string;
  readonly documentAST?: DocumentNode;
}

/**
 * What to run of the text in the editor. GraphiQL works this out 100 ms after the last change of the text
 * (`debounce` in the operation editor of `@graphiql/react`), so whoever changes tabs and runs at once would send the new text
 * with the old tab's operation name, or a subscription by POST.
 *
 * A name that the text does not hold is replaced where only one operation can be meant; where there are
 * several it is left out, and the server asks for one: better than running another mutation than the one
 * the user had in mind.
 */
export function operationToRun(query: string, operationName?: string | null): OperationToRun {
  let documentAST: DocumentNode;
  try {
    documentAST = parse(query);
  } catch {
    return { operationName: operationName ?? undefined }; // The server's message says what is wrong where.
  }
  const names = documentAST.definitions.flatMap((definition) =>
    definition.kind === Kind.OPERATION_DEFINITION ? [definition.name?.value] : [],
  );
  if (operationName && names.includes(operationName)) return { operationName, documentAST };
  return { operationName: names.length === 1 ? names[0] : undefined, documentAST };
}
