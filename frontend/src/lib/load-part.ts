import { LOOK_AGAIN_MS } from './query-client'

/** Loads a part of the pages that is fetched when it is needed; while the shop does not answer, again and again. */
export async function loadPart<Part>(load: () => Promise<Part>): Promise<Part> {
  for (;;) {
    try {
      return await load()
    } catch {
      await new Promise((resolve) => setTimeout(resolve, LOOK_AGAIN_MS))
    }
  }
}
