import type { Messages } from '@/i18n/messages/en'

export interface Slide {
  id: keyof Messages['banner']['slides']
  /** Words of the department's name that the slide leads to. */
  department: RegExp
  /** Drawings, the largest first. */
  drawings: [string, string, string, string]
  /** Colours of the field. */
  className: string
}

export const SLIDES: Slide[] = [
  {
    id: 'fresh',
    department: /fruit|vegetable|produce/i,
    drawings: ['red-apple', 'carrot', 'broccoli', 'strawberry'],
    className: 'from-[#dff3d8] to-[#b7e2b1]',
  },
  {
    id: 'breakfast',
    department: /breakfast|coffee/i,
    drawings: ['hot-beverage', 'pancakes', 'egg', 'glass-of-milk'],
    className: 'from-[#fdf0d5] to-[#f7d9a0]',
  },
  {
    id: 'bakery',
    department: /bread|bakery/i,
    drawings: ['baguette-bread', 'croissant', 'doughnut', 'shortcake'],
    className: 'from-[#fde6dc] to-[#f6c5ae]',
  },
  {
    id: 'snacks',
    department: /snack|sweet/i,
    drawings: ['popcorn', 'chocolate-bar', 'cup-with-straw', 'pretzel'],
    className: 'from-[#e3e8fb] to-[#c0cdf5]',
  },
]
