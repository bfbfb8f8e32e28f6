// Bundles the program into dist/. Plain JavaScript: it also runs where only production dependencies are installed.
import { rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));

let esbuild;
try {
  esbuild = await import('esbuild');
} catch {
  console.error('Not building: esbuild is a development dependency and is not installed here.');
  process.exit(0);
}

rmSync(`${root}dist`, { recursive: true, force: true });
await esbuild.build({
  absWorkingDir: root,
  // The thread of the embedded store is a program of its own.
  entryPoints: { main: 'src/main.ts', 'sqlite-thread': 'src/store/sqlite/thread.ts' },
  outdir: 'dist',
  bundle: true,
  // One chunk per lazily imported part: what a command does not need is not read.
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'node26',
  minifySyntax: true,
  minifyWhitespace: true,
  keepNames: false,
  legalComments: 'none',
  sourcemap: false,
  external: ['pg-native'],
  logLevel: 'warning',
  // CommonJS packages in an ES module bundle ask for built-in modules with require().
  banner: {
    js: "import{createRequire as __createRequire}from'node:module';const require=__createRequire(import.meta.url);",
  },
});

// The web console: three files for browsers, served from dist/console as they are.
await esbuild.build({
  absWorkingDir: root,
  entryPoints: ['src/console/app.tsx', 'src/console/app.css', 'src/console/index.html'],
  outdir: 'dist/console',
  bundle: true,
  format: 'esm',
  platform: 'browser',
  target: ['chrome123', 'firefox120', 'safari17.5'],
  jsx: 'automatic',
  jsxImportSource: 'preact',
  loader: { '.html': 'copy' },
  minify: true,
  legalComments: 'none',
  sourcemap: false,
  logLevel: 'warning',
});
