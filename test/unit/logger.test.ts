import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Secret } from '../../src/config/secret.ts';
import { createLogger } from '../../src/observe/logger.ts';

function logTo(settings: Partial<Parameters<typeof createLogger>[0]>, secrets: string[] = []) {
  const lines: Record<string, unknown>[] = [];
  const stream = { write: (line: string) => void lines.push(JSON.parse(line)) };
  const log = createLogger(
    { LOG_LEVEL: 'INFO', LOG_PII: 'full', ...settings },
    secrets.map((text) => new Secret(text)),
    stream,
  );
  return { log, lines };
}

test('a line has time, level and message first, in the words of the Python connector', () => {
  const { log, lines } = logTo({});
  log.warn({ request_id: 'r' }, 'Careful');
  log.debug({}, 'not written');
  assert.equal(lines.length, 1);
  const [line] = lines;
  assert.match(String(line?.['time']), /^\d{4}-\d\d-\d\dT[\d:.]+Z$/);
  assert.deepEqual([line?.['level'], line?.['message'], line?.['request_id']], ['warning', 'Careful', 'r']);
});

test('mask hides IMSIs and numbers in every text, but not the ids', () => {
  const { log, lines } = logTo({ LOG_PII: 'mask' });
  const event_id = '12345678-1234-1234-1234-123456789012';
  log.info(
    { event_id, imsi: '001010000020349', details: [{ message: 'MSISDN 79123456789 is taken' }] },
    'IMSI 001010000020349',
  );
  const text = JSON.stringify(lines[0]);
  assert.doesNotMatch(text, /0010100000|7912345/);
  assert.equal(lines[0]?.['event_id'], event_id);
  assert.equal(lines[0]?.['imsi'], '************349');
});

test('mask leaves an error readable', () => {
  const { log, lines } = logTo({ LOG_PII: 'mask' });
  log.error({ err: new Error('IMSI 001010000020349 broke it') }, 'x');
  assert.match(JSON.stringify(lines[0]?.['err']), /IMSI \*+349 broke it.*logger\.test/);
});

test('mask does not make a secret unrecognisable', () => {
  const { log, lines } = logTo({ LOG_PII: 'mask' }, ['hex-1234567-tail']);
  log.info({ error: 'hex-1234567-tail' }, 'x');
  assert.equal(lines[0]?.['error'], '[redacted]');
});

test('a secret is not written whatever text brings it', () => {
  const { log, lines } = logTo({}, ['hunter2-"quoted"']);
  log.info({ error: 'the core said: bad token hunter2-"quoted"', nested: { err: new Error('hunter2-"quoted"') } }, 'x');
  assert.doesNotMatch(JSON.stringify(lines), /hunter2/);
});

test('an error is written with its stack, for us', () => {
  const { log, lines } = logTo({});
  log.error({ err: new Error('broken') }, 'x');
  assert.match(JSON.stringify(lines[0]?.['err']), /logger\.test/);
});
