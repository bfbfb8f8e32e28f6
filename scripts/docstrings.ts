// Says which exported functions and classes of src/ have no docstring; fails when there are any.
import { globSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));

/** As the formatter writes them: at the beginning of a line, a docstring ending on the line before. */
const EXPORTED =
  /^export (?:async )?(?:abstract )?(?:function\*?|class) (\w+)|^export const (\w+) = (?:async )?(?:<.*>)?\(/;

/** `file:line name` of each; of a function's overloads the first speaks for all. */
function undocumented(file: string): string[] {
  const lines = readFileSync(root + file, 'utf8').split('\n');
  const nameAt = (index: number) => {
    const found = EXPORTED.exec(lines[index] ?? '');
    return found?.[1] ?? found?.[2];
  };
  return lines.flatMap((_, index) => {
    const name = nameAt(index);
    if (name === undefined || lines[index - 1]?.endsWith('*/') || nameAt(index - 1) === name) return [];
    return [`${file}:${index + 1} ${name}`];
  });
}

const found = globSync('src/**/*.{ts,tsx}', { cwd: root }).sort().flatMap(undocumented);
if (found.length > 0) {
  console.error(`Exported without a docstring:\n${found.join('\n')}`);
  process.exitCode = 1;
}
