/** The token filters `synonym` and `synonym_graph`, from rules in Solr's form given in the index settings. */
package catalograph.analysis;

import java.io.IOException;
import java.io.StringReader;
import java.text.ParseException;
import java.util.List;
import org.apache.lucene.analysis.Analyzer;
import org.apache.lucene.analysis.LowerCaseFilter;
import org.apache.lucene.analysis.TokenStream;
import org.apache.lucene.analysis.Tokenizer;
import org.apache.lucene.analysis.core.FlattenGraphFilter;
import org.apache.lucene.analysis.standard.StandardTokenizer;
import org.apache.lucene.analysis.synonym.SolrSynonymParser;
import org.apache.lucene.analysis.synonym.SynonymGraphFilter;
import org.apache.lucene.analysis.synonym.SynonymMap;
import org.elasticsearch.plugin.Inject;
import org.elasticsearch.plugin.NamedComponent;
import org.elasticsearch.plugin.analysis.TokenFilterFactory;
import org.elasticsearch.plugin.settings.AnalysisSettings;
import org.elasticsearch.plugin.settings.BooleanSetting;
import org.elasticsearch.plugin.settings.ListSetting;

public final class Synonyms {
    private Synonyms() {}

    @AnalysisSettings
    public interface SynonymSettings {
        @ListSetting(path = "synonyms")
        List<String> synonyms();

        @BooleanSetting(path = "expand", defaultValue = true)
        boolean expand();
    }

    /** Rules are read as words in lower case, so the filter stands behind `lowercase` and before any stemmer. */
    private static final class Words extends Analyzer {
        @Override
        protected TokenStreamComponents createComponents(String field) {
            Tokenizer tokenizer = new StandardTokenizer();
            return new TokenStreamComponents(tokenizer, new LowerCaseFilter(tokenizer));
        }
    }

    private static SynonymMap read(SynonymSettings settings) {
        SolrSynonymParser parser = new SolrSynonymParser(true, settings.expand(), new Words());
        try {
            parser.parse(new StringReader(String.join("\n", settings.synonyms())));
            return parser.build();
        } catch (IOException | ParseException error) {
            throw new IllegalArgumentException("failed to build synonyms: " + error.getMessage(), error);
        }
    }

    private static TokenStream expand(TokenStream input, SynonymMap synonyms) {
        return synonyms.fst == null ? input : new SynonymGraphFilter(input, synonyms, true);
    }

    @NamedComponent("synonym_graph")
    public static final class Graph implements TokenFilterFactory {
        private final SynonymMap synonyms;

        @Inject
        public Graph(SynonymSettings settings) {
            synonyms = read(settings);
        }

        @Override
        public TokenStream create(TokenStream input) {
            return expand(input, synonyms);
        }

        @Override
        public TokenStream normalize(TokenStream input) {
            return input;
        }
    }

    @NamedComponent("synonym")
    public static final class Flat implements TokenFilterFactory {
        private final SynonymMap synonyms;

        @Inject
        public Flat(SynonymSettings settings) {
            synonyms = read(settings);
        }

        @Override
        public TokenStream create(TokenStream input) {
            return synonyms.fst == null ? input : new FlattenGraphFilter(expand(input, synonyms));
        }

        @Override
        public TokenStream normalize(TokenStream input) {
            return input;
        }
    }
}
