/** Lays the pages' shell (`src/app/draw-shell.tsx`) into index.html, and lets the browser load the pages beside it. */
import { fileURLToPath, pathToFileURL } from 'node:url'
import { build, type InlineConfig, type Plugin, type Rolldown } from 'vite'

interface DrawShell {
  drawShells: () => Record<string, string>
}

/** The first script, and the one that it loads. */
const FIRST = 'index'
const PAGES = 'start'
const DRAWING = fileURLToPath(new URL('./node_modules/.cache/shell', import.meta.url))

export function addShell(config: InlineConfig): Plugin {
  return {
    name: 'add-shell',
    apply: 'build',
    transformIndexHtml: {
      order: 'post',
      handler: async (_html, { bundle = {} }) => {
        const templates = Object.entries(await drawShells(config)).map(([id, children]) => ({
          tag: 'template',
          attrs: { id },
          children,
          injectTo: 'body' as const,
        }))
        const scripts = findScripts(bundle).map((file) => ({
          tag: 'link',
          attrs: { rel: 'modulepreload', crossorigin: true, href: `/${file}` },
          injectTo: 'head' as const,
        }))
        return [...scripts, ...templates]
      },
    },
  }
}

/** Finds the files of the pages that come beside those of the first script. */
function findScripts(bundle: Rolldown.OutputBundle): string[] {
  const scripts = Object.values(bundle).filter((file) => file.type === 'chunk')
  const imported = (name: string): string[] => {
    const script = scripts.find((each) => each.fileName === name || (each.isEntry && each.name === name))
    if (!script) throw new Error(`The build made no script ${name}.`)
    return [...script.imports.flatMap(imported), script.fileName]
  }
  const first = imported(FIRST)
  return [...new Set(imported(PAGES))].filter((file) => !first.includes(file))
}

/** Builds what draws the shell, for this machine, and runs it. */
async function drawShells(config: InlineConfig): Promise<Record<string, string>> {
  await build({
    ...config,
    configFile: false,
    logLevel: 'warn',
    build: { ssr: 'src/app/draw-shell.tsx', outDir: DRAWING, copyPublicDir: false },
  })
  const drawing = (await import(pathToFileURL(`${DRAWING}/draw-shell.js`).href)) as DrawShell
  return drawing.drawShells()
}
