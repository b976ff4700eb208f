/** The token filter `stemmer`: one stemmer for each language name that Elasticsearch documents. */
package catalograph.analysis;

import java.util.Locale;
import java.util.Map;
import java.util.function.UnaryOperator;
import org.apache.lucene.analysis.TokenStream;
import org.apache.lucene.analysis.ar.ArabicStemFilter;
import org.apache.lucene.analysis.bg.BulgarianStemFilter;
import org.apache.lucene.analysis.bn.BengaliStemFilter;
import org.apache.lucene.analysis.br.BrazilianStemFilter;
import org.apache.lucene.analysis.ckb.SoraniStemFilter;
import org.apache.lucene.analysis.cz.CzechStemFilter;
import org.apache.lucene.analysis.de.GermanLightStemFilter;
import org.apache.lucene.analysis.de.GermanMinimalStemFilter;
import org.apache.lucene.analysis.el.GreekStemFilter;
import org.apache.lucene.analysis.en.EnglishMinimalStemFilter;
import org.apache.lucene.analysis.en.EnglishPossessiveFilter;
import org.apache.lucene.analysis.en.KStemFilter;
import org.apache.lucene.analysis.en.PorterStemFilter;
import org.apache.lucene.analysis.es.SpanishLightStemFilter;
import org.apache.lucene.analysis.es.SpanishPluralStemFilter;
import org.apache.lucene.analysis.fa.PersianStemFilter;
import org.apache.lucene.analysis.fi.FinnishLightStemFilter;
import org.apache.lucene.analysis.fr.FrenchLightStemFilter;
import org.apache.lucene.analysis.fr.FrenchMinimalStemFilter;
import org.apache.lucene.analysis.gl.GalicianMinimalStemFilter;
import org.apache.lucene.analysis.gl.GalicianStemFilter;
import org.apache.lucene.analysis.hi.HindiStemFilter;
import org.apache.lucene.analysis.hu.HungarianLightStemFilter;
import org.apache.lucene.analysis.id.IndonesianStemFilter;
import org.apache.lucene.analysis.it.ItalianLightStemFilter;
import org.apache.lucene.analysis.lv.LatvianStemFilter;
import org.apache.lucene.analysis.no.NorwegianLightStemFilter;
import org.apache.lucene.analysis.no.NorwegianMinimalStemFilter;
import org.apache.lucene.analysis.pt.PortugueseLightStemFilter;
import org.apache.lucene.analysis.pt.PortugueseMinimalStemFilter;
import org.apache.lucene.analysis.pt.PortugueseStemFilter;
import org.apache.lucene.analysis.ru.RussianLightStemFilter;
import org.apache.lucene.analysis.snowball.SnowballFilter;
import org.apache.lucene.analysis.sv.SwedishLightStemFilter;
import org.apache.lucene.analysis.sv.SwedishMinimalStemFilter;
import org.elasticsearch.plugin.Inject;
import org.elasticsearch.plugin.NamedComponent;
import org.elasticsearch.plugin.analysis.TokenFilterFactory;
import org.elasticsearch.plugin.settings.AnalysisSettings;
import org.elasticsearch.plugin.settings.StringSetting;

@NamedComponent("stemmer")
public final class Stemmer implements TokenFilterFactory {
    @AnalysisSettings
    public interface StemmerSettings {
        @StringSetting(path = "language", defaultValue = "")
        String language();

        @StringSetting(path = "name", defaultValue = "")
        String name();
    }

    private static final Map<String, UnaryOperator<TokenStream>> STEMMERS = Map.ofEntries(
        Map.entry("arabic", ArabicStemFilter::new),
        Map.entry("bengali", BengaliStemFilter::new),
        Map.entry("brazilian", BrazilianStemFilter::new),
        Map.entry("bulgarian", BulgarianStemFilter::new),
        Map.entry("czech", CzechStemFilter::new),
        Map.entry("english", PorterStemFilter::new),
        Map.entry("light_english", KStemFilter::new),
        Map.entry("minimal_english", EnglishMinimalStemFilter::new),
        Map.entry("possessive_english", EnglishPossessiveFilter::new),
        Map.entry("porter2", input -> new SnowballFilter(input, "English")),
        Map.entry("light_finnish", FinnishLightStemFilter::new),
        Map.entry("light_french", FrenchLightStemFilter::new),
        Map.entry("minimal_french", FrenchMinimalStemFilter::new),
        Map.entry("galician", GalicianStemFilter::new),
        Map.entry("minimal_galician", GalicianMinimalStemFilter::new),
        Map.entry("light_german", GermanLightStemFilter::new),
        Map.entry("minimal_german", GermanMinimalStemFilter::new),
        Map.entry("greek", GreekStemFilter::new),
        Map.entry("hindi", HindiStemFilter::new),
        Map.entry("light_hungarian", HungarianLightStemFilter::new),
        Map.entry("indonesian", IndonesianStemFilter::new),
        Map.entry("light_italian", ItalianLightStemFilter::new),
        Map.entry("latvian", LatvianStemFilter::new),
        Map.entry("light_norwegian", NorwegianLightStemFilter::new),
        Map.entry("minimal_norwegian", NorwegianMinimalStemFilter::new),
        Map.entry("persian", PersianStemFilter::new),
        Map.entry("light_portuguese", PortugueseLightStemFilter::new),
        Map.entry("minimal_portuguese", PortugueseMinimalStemFilter::new),
        Map.entry("portuguese_rslp", PortugueseStemFilter::new),
        Map.entry("light_russian", RussianLightStemFilter::new),
        Map.entry("sorani", SoraniStemFilter::new),
        Map.entry("light_spanish", SpanishLightStemFilter::new),
        Map.entry("spanish_plural", SpanishPluralStemFilter::new),
        Map.entry("light_swedish", SwedishLightStemFilter::new),
        Map.entry("minimal_swedish", SwedishMinimalStemFilter::new)
    );

    private final UnaryOperator<TokenStream> stemmer;

    @Inject
    public Stemmer(StemmerSettings settings) {
        String given = settings.language().isEmpty() ? settings.name() : settings.language();
        String language = given.isEmpty() ? "english" : given.toLowerCase(Locale.ROOT);
        stemmer = STEMMERS.getOrDefault(language, input -> new SnowballFilter(input, snowballName(language)));
    }

    @Override
    public TokenStream create(TokenStream input) {
        return stemmer.apply(input);
    }

    private static String snowballName(String language) {
        return language.substring(0, 1).toUpperCase(Locale.ROOT) + language.substring(1);
    }
}
