import type { CategoryNames } from './codes'

/** The departments of the demo shop, whose own names are English. */
export const CATEGORY_NAMES_KO: CategoryNames = {
  'Baby & Pet': '유아·반려동물',
  'Beer, Wine & Tobacco': '주류·담배',
  'Bread & Bakery': '빵·베이커리',
  'Breakfast, Coffee & Baking': '아침식사·커피·제과',
  'Canned Goods, Pasta & Sauces': '통조림·파스타·소스',
  'Dairy & Eggs': '유제품·달걀',
  'Deli & Packaged Meats': '델리·가공육',
  'Frozen Foods': '냉동식품',
  'Fruit & Vegetables': '과일·채소',
  'Health & Beauty': '건강·뷰티',
  'Home, Flowers & Seasonal': '홈·꽃·시즌',
  'Household & Paper': '생활용품·휴지',
  'Meat & Seafood': '정육·수산',
  'Natural & Organic': '자연·유기농',
  'Snacks & Sweets': '과자·간식',
  'Soft Drinks, Juice & Water': '음료·주스·생수',
}
