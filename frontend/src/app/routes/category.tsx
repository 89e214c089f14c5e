import { useParams } from 'react-router'
import { PageTitle } from '../page-title'
import { useStorefront } from '@/api/get-storefront'
import { Breadcrumbs } from '@/components/breadcrumbs'
import { DepartmentIcon } from '@/components/department-icon'
import { Notice } from '@/components/notice'
import { ProductShelf } from '@/features/catalogue/components/product-shelf'
import { useCategoryName } from '@/i18n/use-category-name'
import { useMessages } from '@/i18n/use-messages'
import { isSameId, parsePathId } from '@/lib/shop-id'

export function CategoryPage() {
  const m = useMessages()
  const departments = useStorefront()?.departments
  const categoryId = parsePathId(useParams().categoryId ?? '')
  const name = useCategoryName(categoryId)
  const department = departments?.find((each) => isSameId(each.category_id, categoryId))
  if (departments && !department) return <Notice title={m.catalogue.missingCategory} isPage />
  return (
    <>
      <Breadcrumbs here={name} />
      <PageTitle icon={department && <DepartmentIcon department={department} size={32} />}>{name}</PageTitle>
      <ProductShelf key={categoryId} categoryId={categoryId} label={name} emptyText={m.catalogue.emptyCategory} />
    </>
  )
}
