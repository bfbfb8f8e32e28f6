import { styleText } from 'node:util';
import type { EventState } from '../contract/event-states.ts';

type Style = Parameters<typeof styleText>[0];

const STATE_STYLES: Readonly<Record<EventState, Style>> = {
  processed: 'green',
  queued: 'cyan',
  superseded: 'gray',
  ignored: 'gray',
  rejected: 'yellow',
  failed: 'yellow',
  dead: 'red',
  discarded: 'gray',
};

/** Colours only where a terminal shows them. */
export function styled(style: Style, text: string): string {
  return styleText(style, text, { stream: process.stdout });
}

/** A state in its colour. @param text the state, perhaps padded. */
export function stateStyled(state: EventState, text: string = state): string {
  return styled(STATE_STYLES[state], text);
}

/** Text from outside for a terminal: nothing in it may move the cursor, or write from right to left. */
export function printable(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}]/gu, '\ufffd');
}

/**
 * Text from outside for a terminal, line by line: what {@link printable} hides is told as JSON tells it. JSON still says the
 * same, then.
 */
export function visible(text: string): string {
  return text.replace(/[^\P{Cc}\n]|\p{Cf}/gu, escaped);
}

function escaped(character: string): string {
  return Array.from({ length: character.length }, (_, index) => {
    return `\\u${character.charCodeAt(index).toString(16).padStart(4, '0')}`;
  }).join('');
}

/** One line of JSON. */
export function jsonLine(value: unknown): string {
  return `${visible(JSON.stringify(value))}\n`;
}

/** `1 event`, `2 events`. */
export function counted(count: number, one: string): string {
  return `${count} ${one}${count === 1 ? '' : 's'}`;
}
