import { LOOK_AGAIN_MS, loadPart } from './load-part'

test('a part that did not arrive is asked for again until it does', async () => {
  vi.useFakeTimers()
  const load = vi.fn().mockRejectedValueOnce(new TypeError('Failed to fetch')).mockRejectedValueOnce(new TypeError())
  load.mockResolvedValue('the part')

  const part = loadPart<string>(load)
  await vi.advanceTimersByTimeAsync(2 * LOOK_AGAIN_MS)

  expect(await part).toBe('the part')
  expect(load).toHaveBeenCalledTimes(3)
  vi.useRealTimers()
})
