/** What jsdom lacks of a browser. Nothing is in view until a test says so. */

const observers = new Set<{
  callback: IntersectionObserverCallback
  elements: Set<Element>
  self: IntersectionObserver
}>()
const matching = new Set<string>()

export function installBrowser(): void {
  observers.clear()
  matching.clear()
  window.matchMedia = (query) =>
    Object.assign(new EventTarget(), { matches: matching.has(query), media: query }) as unknown as MediaQueryList
  window.scrollTo = () => undefined
  window.ResizeObserver = class {
    observe = () => undefined
    unobserve = () => undefined
    disconnect = () => undefined
  }
  window.IntersectionObserver = FakeIntersectionObserver as unknown as typeof IntersectionObserver
  Element.prototype.scrollIntoView = () => undefined
  Element.prototype.scrollBy = () => undefined
  Element.prototype.hasPointerCapture = () => false
}

/** Lets a media query be true of the device. */
export function letMatch(query: string): void {
  matching.add(query)
}

/** Lets every observed element come into view, or go out of it. */
export function scrollPast(isIntersecting: boolean): void {
  for (const { callback, elements, self } of observers) {
    for (const target of elements) callback([{ isIntersecting, target } as unknown as IntersectionObserverEntry], self)
  }
}

class FakeIntersectionObserver {
  private readonly record

  constructor(callback: IntersectionObserverCallback) {
    this.record = { callback, elements: new Set<Element>(), self: this as unknown as IntersectionObserver }
    observers.add(this.record)
  }

  observe(element: Element): void {
    this.record.elements.add(element)
  }

  disconnect(): void {
    observers.delete(this.record)
  }
}
