/** The token filters that the small distribution lacks and text in several languages needs. */
package catalograph.analysis;

import org.apache.lucene.analysis.TokenStream;
import org.apache.lucene.analysis.en.KStemFilter;
import org.apache.lucene.analysis.en.PorterStemFilter;
import org.apache.lucene.analysis.miscellaneous.ASCIIFoldingFilter;
import org.apache.lucene.analysis.miscellaneous.RemoveDuplicatesTokenFilter;
import org.apache.lucene.analysis.miscellaneous.TrimFilter;
import org.apache.lucene.analysis.ngram.EdgeNGramTokenFilter;
import org.elasticsearch.plugin.Inject;
import org.elasticsearch.plugin.NamedComponent;
import org.elasticsearch.plugin.analysis.TokenFilterFactory;
import org.elasticsearch.plugin.settings.AnalysisSettings;
import org.elasticsearch.plugin.settings.BooleanSetting;
import org.elasticsearch.plugin.settings.IntSetting;

public final class Filters {
    private Filters() {}

    @AnalysisSettings
    public interface FoldingSettings {
        @BooleanSetting(path = "preserve_original", defaultValue = false)
        boolean preserveOriginal();
    }

    @AnalysisSettings
    public interface EdgeSettings {
        @IntSetting(path = "min_gram", defaultValue = 1)
        int minGram();

        @IntSetting(path = "max_gram", defaultValue = 2)
        int maxGram();

        @BooleanSetting(path = "preserve_original", defaultValue = false)
        boolean preserveOriginal();
    }

    @NamedComponent("asciifolding")
    public static final class AsciiFolding implements TokenFilterFactory {
        private final boolean preserveOriginal;

        @Inject
        public AsciiFolding(FoldingSettings settings) {
            preserveOriginal = settings.preserveOriginal();
        }

        @Override
        public TokenStream create(TokenStream input) {
            return new ASCIIFoldingFilter(input, preserveOriginal);
        }

        @Override
        public TokenStream normalize(TokenStream input) {
            return new ASCIIFoldingFilter(input);
        }
    }

    @NamedComponent("edge_ngram")
    public static final class EdgeNgram implements TokenFilterFactory {
        private final int minGram;
        private final int maxGram;
        private final boolean preserveOriginal;

        @Inject
        public EdgeNgram(EdgeSettings settings) {
            minGram = settings.minGram();
            maxGram = settings.maxGram();
            preserveOriginal = settings.preserveOriginal();
        }

        @Override
        public TokenStream create(TokenStream input) {
            return new EdgeNGramTokenFilter(input, minGram, maxGram, preserveOriginal);
        }
    }

    @NamedComponent("porter_stem")
    public static final class PorterStem implements TokenFilterFactory {
        @Override
        public TokenStream create(TokenStream input) {
            return new PorterStemFilter(input);
        }
    }

    @NamedComponent("kstem")
    public static final class KStem implements TokenFilterFactory {
        @Override
        public TokenStream create(TokenStream input) {
            return new KStemFilter(input);
        }
    }

    @NamedComponent("trim")
    public static final class Trim implements TokenFilterFactory {
        @Override
        public TokenStream create(TokenStream input) {
            return new TrimFilter(input);
        }

        @Override
        public TokenStream normalize(TokenStream input) {
            return new TrimFilter(input);
        }
    }

    @NamedComponent("remove_duplicates")
    public static final class RemoveDuplicates implements TokenFilterFactory {
        @Override
        public TokenStream create(TokenStream input) {
            return new RemoveDuplicatesTokenFilter(input);
        }
    }
}
