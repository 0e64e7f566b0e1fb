import js from '@eslint/js';
import tseslint from 'typescript-eslint';

// The recommended sets with types; what they lack for this house is below.
export default tseslint.config(
  { ignores: ['dist', 'node_modules', 'eslint.config.js', '**/*.mjs'] },
  js.configs.recommended,
  ...tseslint.configs.recommendedTypeChecked,
  {
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/no-misused-promises': ['error', { checksVoidReturn: { attributes: false } }],
      'no-console': 'error',
      'max-lines': ['error', 400],
      eqeqeq: 'error',
    },
  },
  { files: ['build/**', 'tests/**', 'bench/**'], rules: { 'no-console': 'off' } },
);
