import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { svelte } from "@sveltejs/vite-plugin-svelte";
import type { Plugin } from "vite";
import { defineConfig } from "vitest/config";

/** Where `npm run dev` finds the API. */
const API = process.env.EDTECH_URL ?? "http://127.0.0.1:8000";

/** What a reader loads in all, at most, in bytes as they travel: a page that opens at once on a school's network. */
const BUDGET = 150_000;

/** Beside each file the same, compressed once and for all: the server holds both and compresses nothing itself. */
function compressed(): Plugin {
  return {
    name: "compressed",
    apply: "build",
    writeBundle({ dir }) {
      let total = 0;
      for (const file of readdirSync(dir!, { recursive: true, withFileTypes: true })) {
        if (!file.isFile() || file.name.endsWith(".gz")) continue;
        const path = join(file.parentPath, file.name);
        const small = gzipSync(readFileSync(path), { level: 9 });
        writeFileSync(`${path}.gz`, small);
        total += small.length;
      }
      if (total > BUDGET) this.error(`the dashboard has ${total} bytes, compressed; it may have ${BUDGET}`);
    },
  };
}

export default defineConfig({
  plugins: [svelte({ configFile: false }), compressed()],
  build: { target: "es2022", assetsInlineLimit: 0, modulePreload: { polyfill: false } },
  server: {
    proxy: Object.fromEntries(
      [
        "/analytics",
        "/audit-log",
        "/auth",
        "/benchmarks",
        "/classrooms",
        "/lessons",
        "/students",
        "/rejected-logs",
        "/users",
        "/healthz",
        "/readyz",
      ]
        .map((path): [string, object] => [path, { target: API }])
        .concat([["/live", { target: API, ws: true }]]),
    ),
  },
  test: {
    projects: [
      { extends: true, test: { name: "unit", include: ["src/**/*.test.ts"] } },
      // A real server and a real browser: both take their time on a small machine.
      {
        extends: true,
        test: {
          name: "browser",
          include: ["e2e/**/*.test.ts"],
          testTimeout: 120_000,
          hookTimeout: 180_000,
          expect: { poll: { timeout: 20_000 } },
        },
      },
    ],
  },
});
