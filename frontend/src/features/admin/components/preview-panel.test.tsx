import { screen, within } from '@testing-library/react'
import type { Preview, PreviewedPage } from '../api/preview'
import { localeStore } from '@/i18n/locale-store'
import { makeExplained } from '@/testing/catalogue'
import { renderApp } from '@/testing/render-app'
import { answer, collect } from '@/testing/server'

function makePage(ids: number[], change: Partial<PreviewedPage> = {}): PreviewedPage {
  const head = { user_nickname: '홍길동', batch_id: 'batch-1', model_version: '7', rungs: 'published', held_back: [] }
  return { ...head, recommendations: ids.map(makeExplained), ...change }
}

const PINNED: PreviewedPage['recommendations'][number] = {
  ...makeExplained(9),
  reason: { code: 'pinned', facts: {} },
  rules: [{ rule_id: 0, action: 'pin' }],
}
const NOW = makePage([1, 2, 3])
const TRIED = { ...NOW, recommendations: [PINNED, ...[1, 2].map(makeExplained)] }

async function signIn() {
  localeStore.set('en')
  answer('get', '/admin/rules', 200, { rules: [] })
  answer('get', '/admin/rules/changes', 200, { changes: [] })
  const user = renderApp('/merchandising')
  await user.type(await screen.findByLabelText('Your name'), 'Minji')
  await user.type(screen.getByLabelText(/Password/), 'password')
  await user.click(screen.getByRole('button', { name: 'Sign in' }))
  await screen.findByRole('heading', { name: 'Preview' })
  return user
}

test('a page is shown beside the compared one, with what differs and why each product is there', async () => {
  const preview: Preview = { now: NOW, compared: makePage([2, 1, 4], { model_version: '8' }), tried: null }
  const bodies = collect('/admin/preview', 200, preview)
  const user = await signIn()

  await user.type(screen.getByLabelText('Id of a shopper'), '1{Enter}')

  const compared = within(await screen.findByRole('region', { name: 'Compared version' }))
  const rows = compared.getAllByRole('listitem')
  expect(rows.map((row) => /Product \d/.exec(row.textContent)?.[0])).toEqual(['Product 2', 'Product 1', 'Product 4'])
  expect(rows[0]).toHaveTextContent('Now in slot 2')
  expect(rows[2]).toHaveTextContent('New here')
  expect(compared.getByText('Product 3')).toBeVisible()
  expect(compared.getByText('Model version 8')).toBeVisible()
  const now = within(screen.getByRole('region', { name: 'As it is now' }))
  expect(now.getAllByText('You bought it 3 times, about every 9 days.')).toHaveLength(3)
  expect(now.queryByText('New here')).toBeNull()
  expect(screen.getByText('Homepage of 홍길동 (#1)')).toBeVisible()
  expect(screen.getByRole('heading', { name: 'Preview' })).toHaveFocus()
  expect(bodies).toEqual([{ user_id: 1, limit: 20, rule: null, rule_id: null }])
})

test('a rule is tried out as its form says, and marked where it put a product', async () => {
  const bodies = collect('/admin/preview', 200, { now: NOW, compared: null, tried: TRIED })
  const user = await signIn()
  await user.click(screen.getByRole('button', { name: 'New rule' }))

  await user.click(screen.getByRole('button', { name: 'Try this rule' }))
  expect(bodies).toEqual([])
  await user.selectOptions(screen.getByLabelText('Of what'), 'category')
  const fruit = await screen.findByRole('option', { name: 'Fruit & Vegetables' })
  await user.selectOptions(screen.getByLabelText('Department'), fruit)
  await user.click(screen.getByRole('button', { name: 'Try this rule' }))

  const tried = within(await screen.findByRole('region', { name: 'With the rule: Pin 1 Fruit & Vegetables' }))
  const [first, second] = tried.getAllByRole('listitem')
  for (const words of ['Product 9', 'Chosen by the shop.', 'New here', 'Pin · this rule'])
    expect(first).toHaveTextContent(words)
  expect(second).toHaveTextContent('Now in slot 1')
  expect(screen.getByText(/^Nothing to compare/)).toBeVisible()
  const rule = { action: 'pin', target: { kind: 'category', category_id: 9 }, value: 1 }
  expect(bodies).toMatchObject([{ user_id: null, rule, rule_id: null }])
})

test('what rules hide or cap is named apart from what went for other reasons', async () => {
  const [hidden, capped] = [1, 2].map((id) => ({ ...makeExplained(id), slot: id }))
  const tried = makePage([4], {
    held_back: [
      { ...hidden, rules: [{ rule_id: 5, action: 'hide' }] },
      { ...capped, rules: [{ rule_id: 0, action: 'cap' }] },
    ] as PreviewedPage['held_back'],
  })
  answer('post', '/admin/preview', 200, { now: NOW, compared: tried, tried: null })
  const user = await signIn()

  await user.click(screen.getByRole('button', { name: 'Preview' }))

  const column = within(await screen.findByRole('region', { name: 'Compared version' }))
  const rows = within(column.getByRole('region', { name: 'Held back by rules' })).getAllByRole('listitem')
  expect(rows.map((row) => row.textContent)).toEqual([
    'Product 1Hide · Rule 5Else in slot 1',
    'Product 2Cap · this ruleElse in slot 2',
  ])
  expect(column.getByText('Product 3')).toBeVisible()
  expect(within(screen.getByRole('region', { name: 'As it is now' })).queryByText('Held back by rules')).toBeNull()
})

test('a compared page that is the same says so', async () => {
  answer('post', '/admin/preview', 200, { now: NOW, compared: NOW, tried: null })
  const user = await signIn()

  await user.click(screen.getByRole('button', { name: 'Preview' }))

  expect(await screen.findByText('The same as now.')).toBeVisible()
})

test.each([
  [422, 'body.user_id', 'No shopper of this shop can have that id.'],
  [422, 'body.rule', 'Something does not fit: look at the value and the dates.'],
  [503, '', 'The shop’s database does not answer right now. Try again in a moment.'],
  [500, '', 'That did not work. Try again.'],
])('an answer %i about “%s” is said in words', async (status, field, words) => {
  answer('post', '/admin/preview', status, { error: { message: 'No.', details: [{ field, problem: '' }] } })
  const user = await signIn()

  await user.type(screen.getByLabelText('Id of a shopper'), 'x{Enter}')

  expect(await screen.findByText(words)).toBeVisible()
  expect(screen.queryByRole('region', { name: 'As it is now' })).toBeNull()
})
