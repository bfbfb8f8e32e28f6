import assert from 'node:assert/strict';
import { test } from 'node:test';

// By names that the compiler does not follow: Preact's types bring those of a browser with them, for all tests.
const [PREACT, OUTSIDE_TEXT]: readonly string[] = ['preact', '../../src/console/lib/outside-text.ts'];

test('what turns a text around is shown where one points and to who listens, and kept where it is used', async (t) => {
  const { h, options } = await import(String(PREACT));
  const { startOutsideText } = await import(String(OUTSIDE_TEXT));
  const before = options.vnode;
  t.after(() => Object.assign(options, { vnode: before }));
  startOutsideText();
  const [id, seen] = ['e-\u202eevil', 'e-\\u202eevil'];
  const button = h('button', { title: id, 'aria-label': `Replay ${id}`, value: id }, id);
  assert.deepEqual(button.props, { title: seen, 'aria-label': `Replay ${seen}`, value: id, children: seen });
  assert.deepEqual(h(() => null, { title: id }).props, { title: id }, 'a part of a page draws it by itself');
});
