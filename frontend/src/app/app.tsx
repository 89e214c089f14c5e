import { QueryClientProvider } from '@tanstack/react-query'
import { useEffect, useState } from 'react'
import { RouterProvider } from 'react-router'
import { renewTokenOnRefusal } from './renew-token'
import { makeRouter } from './router'
import { makeQueryClient } from '@/lib/query-client'
import { startTracking } from '@/lib/tracking/track'

export function App() {
  const [queryClient] = useState(makeQueryClient)
  const [router] = useState(makeRouter)
  useEffect(() => startTracking(), [])
  useEffect(() => renewTokenOnRefusal(queryClient), [queryClient])
  return (
    <QueryClientProvider client={queryClient}>
      <RouterProvider router={router} />
    </QueryClientProvider>
  )
}
