import { render, screen } from '@testing-library/react'
import userEvent from '@testing-library/user-event'
import { Popover } from './popover'

test('a button that is pressed before its panel has come opens it then', async () => {
  render(
    <Popover button={<button>Why</button>} aria-label="Why it is here">
      Because.
    </Popover>,
  )

  await userEvent.setup().click(screen.getByRole('button', { name: 'Why' }))

  expect(await screen.findByRole('dialog', { name: 'Why it is here' })).toHaveTextContent('Because.')
})

test('the button closes its panel again', async () => {
  const user = userEvent.setup()
  render(
    <Popover button={<button>Why</button>} aria-label="Why it is here">
      Because.
    </Popover>,
  )
  await user.click(screen.getByRole('button', { name: 'Why' }))
  await screen.findByRole('dialog')

  await user.click(screen.getByRole('button', { name: 'Why' }))

  expect(screen.queryByRole('dialog')).toBeNull()
})
