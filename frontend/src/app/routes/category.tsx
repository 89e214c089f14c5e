import { useQuery } from '@tanstack/react-query'
import { useParams } from 'react-router'
import { PageTitle } from '../page-title'
import { categoriesQuery } from '@/api/get-categories'
import { Notice } from '@/components/notice'
import { ProductShelf } from '@/features/catalogue/components/product-shelf'
import { useTranslateCategory } from '@/i18n/use-category-name'
import { useMessages } from '@/i18n/use-messages'
import { departmentDrawing, drawingUrl } from '@/lib/drawings'

export function CategoryPage() {
  const m = useMessages()
  const translate = useTranslateCategory()
  const { data: categories } = useQuery(categoriesQuery)
  const categoryId = Number(useParams().categoryId)
  const category = categories?.find((each) => each.category_id === categoryId)
  if (!Number.isSafeInteger(categoryId) || (categories && !category))
    return <Notice title={m.catalogue.missingCategory} isPage />
  const name = category ? translate(category.name) : '\u00a0'
  const icon = category && (
    <img src={drawingUrl(departmentDrawing(category.name, categoryId))} alt="" width={32} height={32} />
  )
  return (
    <>
      <PageTitle icon={icon}>{name}</PageTitle>
      <ProductShelf key={categoryId} categoryId={categoryId} label={name} emptyText={m.catalogue.emptyCategory} />
    </>
  )
}
