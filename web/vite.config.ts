import { defineConfig } from 'vite';

export default defineConfig({
  // Relative addresses keep the pages working behind a reverse proxy that adds a path.
  base: './',
  build: {
    target: 'es2022',
    // The licences of what is bundled go with it.
    license: { fileName: 'assets/licenses.md' },
    // Monaco alone is larger than Vite's threshold, and it is loaded after the page has been painted.
    chunkSizeWarningLimit: 3000,
    rolldownOptions: {
      input: 'graphiql.html',
      // "use client" and "use no memo" speak to other tools than this one.
      checks: { moduleLevelDirective: false },
    },
  },
  worker: { format: 'es' },
});
