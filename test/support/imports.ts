import { parseSync } from '@swc/core';

export interface Import {
  readonly from: string;
  /** Whether nothing of it is left when the program runs. */
  readonly typeOnly: boolean;
  /** As in `import('./module.js').Type`. */
  readonly inline: boolean;
}

interface Node {
  readonly type?: string;
  readonly typeOnly?: boolean;
  readonly source?: { readonly value?: string } | null;
  readonly callee?: { readonly type?: string };
  readonly arguments?: ReadonlyArray<{ readonly expression?: { readonly value?: unknown } }>;
  readonly argument?: { readonly value?: unknown };
}

const DECLARATIONS = new Set(['ImportDeclaration', 'ExportAllDeclaration', 'ExportNamedDeclaration']);

/** Every module that this TypeScript names: imported, exported from, imported while it runs, or as a type. */
export function importsOf(code: string): Import[] {
  const found: Import[] = [];
  const visit = (value: unknown): void => {
    if (typeof value !== 'object' || value === null) return;
    const one = importIn(value as Node);
    if (one) found.push(one);
    for (const child of Object.values(value)) visit(child);
  };
  visit(parseSync(code, { syntax: 'typescript', decorators: true }).body);
  return found;
}

function importIn(node: Node): Import | undefined {
  const type = node.type ?? '';
  if (DECLARATIONS.has(type) && typeof node.source?.value === 'string') {
    return { from: node.source.value, typeOnly: node.typeOnly === true, inline: false };
  }
  const called = node.arguments?.[0]?.expression?.value;
  if (type === 'CallExpression' && node.callee?.type === 'Import' && typeof called === 'string') {
    return { from: called, typeOnly: false, inline: false };
  }
  if (type === 'TsImportType' && typeof node.argument?.value === 'string') {
    return { from: node.argument.value, typeOnly: true, inline: true };
  }
  return undefined;
}
