import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isLoopback } from '../../src/config/loopback.ts';

test('a name that only begins like a loopback address is another machine', () => {
  for (const host of ['localhost', '127.0.0.1', '127.9.8.7', '::1', '[::1]']) assert.ok(isLoopback(host), host);
  for (const host of ['127.example.com', '127.0.0.1.example.com', '::2', '10.0.0.1', 'localhost.example.com']) {
    assert.ok(!isLoopback(host), host);
  }
});
