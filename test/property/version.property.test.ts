import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { canonicalStamp, compareVersions, type Version } from '../../src/core/version.ts';

const text = fc.constantFrom('2026-01-15T10:00:00.000001', '2026-01-15T10:00:00.000002', '2026-01-15T10:00:01.000000');
const anyVersion: fc.Arbitrary<Version> = fc.record(
  { updatedAt: text, eventTime: text, iEvent: fc.bigInt({ min: 0n, max: 1n << 70n }).map(String), createdAt: text },
  { requiredKeys: [] },
);

test('comparing is antisymmetric, and a version is as new as itself', () => {
  fc.assert(
    fc.property(anyVersion, anyVersion, (a, b) => {
      assert.equal(Math.sign(compareVersions(a, b)), -Math.sign(compareVersions(b, a)) + 0);
      assert.equal(compareVersions(a, a), 0);
    }),
  );
});

test('comparing is transitive among versions that have the same fields', () => {
  const full = fc.record({ updatedAt: text, iEvent: fc.nat(3).map(String) });
  fc.assert(
    fc.property(full, full, full, (a, b, c) => {
      if (compareVersions(a, b) <= 0 && compareVersions(b, c) <= 0) assert.ok(compareVersions(a, c) <= 0);
    }),
  );
});

test('canonical stamps keep the order of time, whatever the offset, to the microsecond', () => {
  const moment = fc.record({
    ms: fc.integer({ min: 0, max: 4_000_000_000_000 }),
    micros: fc.nat(999),
    offset: fc.integer({ min: -720, max: 840 }),
  });
  const write = ({ ms, micros, offset }: { ms: number; micros: number; offset: number }) => {
    const local = new Date(ms + offset * 60_000).toISOString().slice(0, 23);
    const two = (value: number) => String(Math.trunc(Math.abs(value))).padStart(2, '0');
    return `${local}${String(micros).padStart(3, '0')}${offset < 0 ? '-' : '+'}${two(offset / 60)}:${two(offset % 60)}`;
  };
  fc.assert(
    fc.property(moment, moment, (a, b) => {
      const [first, second] = [canonicalStamp(write(a)), canonicalStamp(write(b))];
      assert.ok(first !== null && second !== null);
      const expected = Math.sign(a.ms - b.ms || a.micros - b.micros);
      assert.equal(first < second ? -1 : first > second ? 1 : 0, expected);
    }),
  );
});

test('reading a stamp never throws', () => {
  fc.assert(fc.property(fc.anything(), (value) => void canonicalStamp(value)));
});

test('the usual way to write a day is read as any other, the end of months and what is no day included', () => {
  const two = (value: number) => String(value).padStart(2, '0');
  const day = fc.record({ year: fc.integer({ min: 2023, max: 2028 }), month: fc.nat(13), day: fc.nat(32) });
  fc.assert(
    fc.property(day, ({ year, month, day }) => {
      const at = `${year}-${two(month)}-${two(day)}T10:20:30.123456`;
      const there = new Date(Date.UTC(year, month - 1, day));
      const known = there.getUTCMonth() === month - 1 && there.getUTCDate() === day;
      // With Z it is not written the usual way.
      for (const stamp of [`${at}+00:00`, `${at}Z`]) assert.equal(canonicalStamp(stamp), known ? at : null, stamp);
    }),
    { numRuns: 1000 },
  );
});
