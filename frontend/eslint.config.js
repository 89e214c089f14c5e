import { readdirSync } from 'node:fs'
import { URL } from 'node:url'
import js from '@eslint/js'
import { createTypeScriptImportResolver } from 'eslint-import-resolver-typescript'
import importX from 'eslint-plugin-import-x'
import a11y from 'eslint-plugin-jsx-a11y'
import hooks from 'eslint-plugin-react-hooks'
import ts from 'typescript-eslint'

const FEATURES = foldersOf('./src/features')
/** Tests render the whole app; drawings are no code. Whatever other folder there is, and will be, is shared. */
const SHARED = foldersOf('./src').filter((name) => !['app', 'assets', 'features', 'testing'].includes(name))

function foldersOf(path) {
  return readdirSync(new URL(path, import.meta.url), { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => entry.name)
}

/** Imports point one way: shared code knows no feature, a feature knows no other feature, only the app knows all. */
const ZONES = [
  ...FEATURES.map((feature) => ({
    target: `./src/features/${feature}`,
    from: './src/features',
    except: [`./${feature}`],
    message: 'A feature knows no other feature: put them together in src/app.',
  })),
  { target: './src/features', from: './src/app', message: 'Features do not know the app.' },
  {
    target: SHARED.map((name) => `./src/${name}`),
    from: ['./src/features', './src/app'],
    message: 'Shared code knows neither features nor the app.',
  },
]

/** Classes of Tailwind that name the left or the right side of the screen. */
const ONE_SIDED = String.raw`(^|[\s:])-?(([mp][lr]|left|right|border-[lr]|rounded-[lr])-[\w[(]|text-(left|right)\b)`

export default ts.config(
  { ignores: ['dist', 'node_modules', 'src/lib/api/schema.d.ts'] },
  js.configs.recommended,
  ts.configs.strictTypeChecked,
  ts.configs.stylisticTypeChecked,
  a11y.flatConfigs.strict,
  hooks.configs.flat['recommended-latest'],
  {
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    plugins: { 'import-x': importX },
    settings: { 'import-x/resolver-next': [createTypeScriptImportResolver({ project: 'tsconfig.app.json' })] },
    rules: {
      'import-x/no-restricted-paths': ['error', { zones: ZONES }],
      'import-x/no-cycle': 'error',
      'import-x/order': ['error', { alphabetize: { order: 'asc' } }],
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      'max-lines': ['error', { max: 150, skipBlankLines: true, skipComments: true }],
      'no-console': 'error',
      'no-restricted-syntax': [
        'error',
        {
          selector: 'MemberExpression[object.type="MetaProperty"][property.name="env"]',
          message: 'Only src/config/env.ts reads the environment.',
        },
        {
          selector: `Literal[value=/${ONE_SIDED}/], TemplateElement[value.raw=/${ONE_SIDED}/]`,
          message: 'Left and right change places in some languages: use start and end (ms-, pe-, start-, text-end).',
        },
      ],
    },
  },
  { files: ['src/i18n/messages/*.ts'], rules: { 'max-lines': 'off' } },
  { files: ['src/config/env.ts'], rules: { 'no-restricted-syntax': 'off' } },
  { files: ['**/*.test.{ts,tsx}'], rules: { '@typescript-eslint/no-non-null-assertion': 'off' } },
  { files: ['**/*.js'], ...ts.configs.disableTypeChecked },
)
