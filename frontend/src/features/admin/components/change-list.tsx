import { useQuery } from '@tanstack/react-query'
import { changesQuery, type RuleChange } from '../api/rules'
import { sayRule } from '../draft'
import { useWords } from '../words/use-words'

/** Who changed which rule, the latest first. */
export function ChangeList({ authorization }: { authorization: string }) {
  const w = useWords()
  const { data: changes = [] } = useQuery(changesQuery(authorization))
  return (
    <section className="flex flex-col gap-3">
      <h2 className="text-xl font-bold">{w.changes}</h2>
      {changes.length === 0 && <p className="text-muted-foreground">{w.noChanges}</p>}
      <ol className="flex flex-col gap-2 text-sm">
        {changes.map((each) => (
          <li key={each.change_id}>
            <time dateTime={each.changed_at}>{new Date(each.changed_at).toLocaleString()}</time> ·{' '}
            <bdi className="font-medium">{each.changed_by}</bdi> · <ChangeWords change={each} />
          </li>
        ))}
      </ol>
    </section>
  )
}

function ChangeWords({ change: { before, after, rule_id } }: { change: RuleChange }) {
  const w = useWords()
  const done = before === null ? w.made : after === null ? w.removed : w.changed
  const rules = [before, after].filter((each) => each !== null)
  const lines = rules.map((each) => sayRule(each, w.actions))
  return (
    <>
      {w.ruleNumber(rule_id)} {done}: <bdi>{lines.join(' → ')}</bdi>
    </>
  )
}
