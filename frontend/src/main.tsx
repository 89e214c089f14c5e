import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import { App } from './app/app'
import { takeShopperFromAddress } from './stores/shopper'
import './styles.css'

const root = document.getElementById('root')
if (root === null) throw new Error('index.html holds no element with the id root.')
takeShopperFromAddress()
createRoot(root).render(
  <StrictMode>
    <App />
  </StrictMode>,
)
