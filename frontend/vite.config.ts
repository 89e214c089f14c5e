import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { brotliCompressSync, gzipSync } from 'node:zlib'

import tailwindcss from '@tailwindcss/vite'
import react from '@vitejs/plugin-react'
import type { Plugin } from 'vite'
import { defineConfig } from 'vitest/config'

const API = process.env.VITE_DEV_API ?? 'http://127.0.0.1:8000'
const API_PATHS = [
  'catalogue',
  'storefront',
  'products',
  'recommendations',
  'users',
  'orders',
  'events',
  'health',
  'static',
]

/** What every page asks the API for first. */
const FIRST_DATA = ['/storefront', '/users']

/** Lets the browser ask for the first data while the scripts are still on their way. */
function preloadFirstData(): Plugin {
  const api = (process.env.VITE_API_URL ?? '').trim().replace(/\/$/, '')
  return {
    name: 'preload-first-data',
    transformIndexHtml: () =>
      FIRST_DATA.map((path) => ({
        tag: 'link',
        attrs: { rel: 'preload', as: 'fetch', crossorigin: 'anonymous', href: api + path },
        injectTo: 'head',
      })),
  }
}

/** Lays every file of words compressed beside itself, as tightly as can be, for servers to hand out as it is. */
function precompress(): Plugin {
  return {
    name: 'precompress',
    apply: 'build',
    writeBundle: ({ dir = '' }, files) => {
      for (const name of Object.keys(files).filter((each) => /\.(css|html|js|svg)$/.test(each))) {
        const path = join(dir, name)
        const content = readFileSync(path)
        writeFileSync(`${path}.br`, brotliCompressSync(content))
        writeFileSync(`${path}.gz`, gzipSync(content, { level: 9 }))
      }
    },
  }
}

export default defineConfig({
  plugins: [react(), tailwindcss(), preloadFirstData(), precompress()],
  resolve: { alias: { '@': fileURLToPath(new URL('./src', import.meta.url)) } },
  build: {
    target: 'es2022',
    assetsInlineLimit: 0,
    manifest: true,
    // What several pages use comes in one file, not in one for each set of pages.
    rolldownOptions: { output: { codeSplitting: { groups: [{ name: 'shared', minShareCount: 2 }] } } },
  },
  server: {
    port: 5173,
    strictPort: true,
    proxy: Object.fromEntries(API_PATHS.map((path) => [`/${path}`, API])),
  },
  test: {
    environment: 'jsdom',
    globals: true,
    setupFiles: ['src/testing/setup.ts'],
    testTimeout: 120_000,
    hookTimeout: 120_000,
    css: false,
    restoreMocks: true,
    env: { VITE_CURRENCY: 'USD' },
  },
})
