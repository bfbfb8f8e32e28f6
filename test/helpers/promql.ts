/** A metric that a query reads, and the labels it looks at. */
export interface Read {
  readonly metric: string;
  readonly labels: readonly string[];
}

const WORDS = new Set(['by', 'without', 'on', 'ignoring', 'and', 'or', 'unless', 'bool', 'offset', 'group_left']);

/** What a query of Prometheus reads. Takes the part of the language that the files of this project use. */
export function readsOf(query: string): { readonly reads: Read[]; readonly grouped: string[] } {
  const bare = query.replace(/"(?:[^"\\]|\\.)*"/g, '""').replace(/\[[^\]]*\]/g, '');
  const grouped: string[] = [];
  const rest = bare.replace(/\b(?:by|without)\s*\(([^)]*)\)/g, (_, labels: string) => {
    grouped.push(...namesIn(labels));
    return ' ';
  });
  const reads = [...rest.matchAll(/([a-zA-Z_:][\w:]*)(\s*\()?(?:\{([^}]*)\})?/g)].flatMap(
    ([, name = '', call, block]) => (call || WORDS.has(name) ? [] : [{ metric: name, labels: labelsOf(block ?? '') }]),
  );
  return { reads, grouped };
}

function namesIn(list: string): string[] {
  return list
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '');
}

function labelsOf(block: string): string[] {
  return [...block.matchAll(/([a-zA-Z_]\w*)\s*(?:=~|!~|!=|=)/g)].map(([, name = '']) => name);
}
