import { useId, type ReactNode } from 'react'

const STYLE = 'h-11 w-full rounded-lg border border-input bg-card px-3 text-base sm:text-sm'

interface FieldProps {
  label: string
  hint?: string
  children: (props: { id: string; className: string; 'aria-describedby'?: string }) => ReactNode
}

/** A control under its label. */
export function Field({ label, hint, children }: FieldProps) {
  const id = useId()
  return (
    <div className="flex flex-col gap-1.5">
      <label htmlFor={id} className="text-sm font-medium">
        {label}
      </label>
      {children({ id, className: STYLE, ...(hint === undefined ? {} : { 'aria-describedby': `${id}-hint` }) })}
      {hint !== undefined && (
        <p id={`${id}-hint`} className="text-sm text-muted-foreground">
          {hint}
        </p>
      )}
    </div>
  )
}
