import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { brotliCompressSync, gzipSync } from 'node:zlib'

import tailwindcss from '@tailwindcss/vite'
import react from '@vitejs/plugin-react'
import type { Plugin } from 'vite'
import { defineConfig } from 'vitest/config'
import { addShell } from './vite.shell.ts'

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

/** What the first script, `src/main.ts`, consists of. */
const FIRST =
  /vite\/|index\.html$|\/src\/(main|styles|app\/show-shell|i18n\/locale-store|lib\/(create-store|load-part|shop-id)|stores\/(shopper|theme))\.\w+$/

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

const resolve = { alias: { '@': fileURLToPath(new URL('./src', import.meta.url)) } }

export default defineConfig({
  plugins: [react(), tailwindcss(), addShell({ plugins: [react()], resolve }), preloadFirstData(), precompress()],
  resolve,
  build: {
    target: 'es2022',
    assetsInlineLimit: 0,
    manifest: true,
    modulePreload: { polyfill: false }, // what is not loaded beforehand is loaded when it is needed
    rolldownOptions: {
      input: ['index.html', 'src/app/start.tsx'],
      output: {
        codeSplitting: {
          groups: [
            { name: 'first', test: FIRST, priority: 2 },
            { name: 'shared', tags: ['$initial'], priority: 1 }, // every page needs it
            { name: 'later', minShareCount: 2 }, // several need it, in one file and not in one for each set of them
          ],
        },
      },
    },
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
