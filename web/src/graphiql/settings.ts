/** What the server writes into the page for GraphiQL, read from its `<script id="catalograph">`. */
export interface Settings {
  /** The query of a new tab; shown on the first visit, when nothing is stored in the browser yet. */
  readonly defaultQuery: string;
}

const FALLBACK: Settings = {
  defaultQuery: `# The collections of this server. Ctrl-Space completes, Ctrl-Enter runs.
{
  __schema {
    queryType {
      fields {
        name
        description
      }
    }
  }
}
`,
};

/** The settings of `page`, with those that the server did not give filled in. */
export function settingsOf(page: Document): Settings {
  const given: unknown = JSON.parse(page.getElementById('catalograph')?.textContent || '{}');
  return { ...FALLBACK, ...(given as Partial<Settings>) };
}
