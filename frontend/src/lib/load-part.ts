/** How long to wait, while the shop does not answer, before it is asked again. */
export const LOOK_AGAIN_MS = 5_000

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
