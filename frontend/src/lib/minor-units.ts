/** Minor units of currencies (ISO 4217), as the API charges in them: `shop/money.py` has the same list. */

const WITHOUT_DECIMALS = 'BIF, CLP, DJF, GNF, ISK, JPY, KMF, KRW, PYG, RWF, UGX, UYI, VND, VUV, XAF, XOF, XPF'
const THREE_DECIMALS = 'BHD, IQD, JOD, KWD, LYD, OMR, TND'

/** Digits after the point of an amount that can be charged. Browsers know them for most currencies only. */
export function countDecimals(currency: string): number {
  if (WITHOUT_DECIMALS.includes(currency)) return 0
  return THREE_DECIMALS.includes(currency) ? 3 : 2
}

/** Rounds a price as the API does before it multiplies it. */
export function toMinorUnits(amount: number, currency: string): number {
  return Number(amount.toFixed(countDecimals(currency)))
}
