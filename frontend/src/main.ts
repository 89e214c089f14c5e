/** The first script: shows the pages' shell at once, and loads the pages themselves meanwhile. */
import { showShell } from './app/show-shell'
import { loadPart } from './lib/load-part'
import { takeShopperFromAddress } from './stores/shopper'
import './styles.css'

const root = document.getElementById('root')
if (root === null) throw new Error('index.html holds no element with the id root.')
showShell(root)
takeShopperFromAddress()
void loadPart(() => import('./app/start')).then(({ start }) => {
  start(root)
})
