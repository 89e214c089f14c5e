import { useSyncExternalStore } from 'react'

export interface Store<Value> {
  get: () => Value
  set: (value: Value) => void
  subscribe: (listener: () => void) => () => void
  use: () => Value
}

/** A value that components share as long as the page is open. */
export function createMemoryStore<Value>(initial: Value): Store<Value> {
  const listeners = new Set<() => void>()
  let value = initial
  const store = {
    get: () => value,
    set: (next: Value) => {
      value = next
      listeners.forEach((listener) => {
        listener()
      })
    },
    subscribe: (listener: () => void) => {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
  }
  return { ...store, use: () => useSyncExternalStore(store.subscribe, store.get, store.get) }
}

/**
 * A value that components share and that survives a reload.
 *
 * `parse` gets whatever an earlier visit (or another version of the shop) left in the browser, `undefined` where
 * there is nothing or storage is forbidden; it returns a value that can be used.
 */
export function createStore<Value>(key: string, parse: (stored: unknown) => Value): Store<Value> {
  const store = createMemoryStore(parse(readStored(key)))
  const set = (next: Value) => {
    writeStored(key, next)
    store.set(next)
  }
  return { ...store, set }
}

function readStored(key: string): unknown {
  try {
    return JSON.parse(localStorage.getItem(key) ?? 'null') ?? undefined
  } catch {
    return undefined // storage is off, or holds what no version of ours wrote
  }
}

function writeStored(key: string, value: unknown): void {
  try {
    localStorage.setItem(key, JSON.stringify(value))
  } catch {
    // Storage is off or full: the value lives as long as the page.
  }
}
