/** Gives Monaco its background threads as files of our own origin. */
import EditorWorker from 'monaco-editor/esm/vs/editor/editor.worker.js?worker';
import JsonWorker from 'monaco-editor/esm/vs/language/json/json.worker.js?worker';
import GraphQLWorker from 'monaco-graphql/esm/graphql.worker.js?worker';

/** To be called before the first editor opens. */
export function provideWorkers(): void {
  window.MonacoEnvironment = { getWorker };
}

function getWorker(_module: string, label: string): Worker {
  switch (label) {
    case 'graphql':
      return new GraphQLWorker();
    case 'json':
      return new JsonWorker();
    default:
      return new EditorWorker();
  }
}
