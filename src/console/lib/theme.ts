import { Cell } from './cell.ts';

export type Theme = 'system' | 'light' | 'dark';
const KEY = 'console-theme';

/** What the reader chose; `system` follows the machine. */
export const theme = new Cell<Theme>(stored());
/** Grows whenever the colours change, for what is drawn rather than styled. */
export const colours = new Cell(0);

function stored(): Theme {
  try {
    const kept = window.localStorage.getItem(KEY);
    return kept === 'light' || kept === 'dark' ? kept : 'system';
  } catch {
    return 'system';
  }
}

function apply(chosen: Theme): void {
  if (chosen === 'system') delete document.documentElement.dataset['theme'];
  else document.documentElement.dataset['theme'] = chosen;
  colours.value += 1;
}

/** Follows the choice and the machine from now on. */
export function startTheme(): void {
  apply(theme.value);
  theme.watch((chosen) => {
    apply(chosen);
    try {
      window.localStorage.setItem(KEY, chosen);
    } catch {
      // A browser that keeps nothing for us: the choice holds until the page is left.
    }
  });
  window.matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => {
    colours.value += 1;
  });
}

/** A colour of the style sheet as a canvas understands it. @param name of the custom property. */
export function colour(name: string): string {
  const probe = document.createElement('span');
  probe.style.color = `var(${name})`;
  document.body.append(probe);
  const value = getComputedStyle(probe).color;
  probe.remove();
  return value;
}
