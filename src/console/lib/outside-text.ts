import { type ComponentChildren, options, type VNode } from 'preact';

/** Characters that are not seen, and turn what stands around them from right to left. Letters may do so by nature. */
const TURNS = /[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;

/**
 * Shows such characters, wherever they come in a text that is drawn, as JSON tells them: an event's id may have one that turns
 * the rest of its sentence around. Here rather than where texts are put together, since every text may hold one. So may what
 * is read where one points, or is read out.
 */
export function startOutsideText(): void {
  options.vnode = ({ type, props }: VNode<Told>) => {
    if (props.children !== undefined) props.children = shown(props.children);
    if (typeof type !== 'string') return;
    for (const name of TOLD) if (typeof props[name] === 'string') props[name] = visible(props[name]);
  };
}

const TOLD = ['title', 'aria-label'] as const;

type Told = { children?: ComponentChildren } & { [name in (typeof TOLD)[number]]?: unknown };

/** @returns a text with such characters shown, for what is not drawn as a part of the page. */
export function visible(text: string): string {
  return text.replace(TURNS, escaped);
}

function shown(children: ComponentChildren): ComponentChildren {
  if (typeof children === 'string') return visible(children);
  return Array.isArray(children) ? children.map(shown) : children;
}

function escaped(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}
