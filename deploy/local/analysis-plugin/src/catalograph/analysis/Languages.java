/** Lucene's analyzers for languages, under the names that Elasticsearch gives them. */
package catalograph.analysis;

import org.apache.lucene.analysis.Analyzer;
import org.apache.lucene.analysis.ar.ArabicAnalyzer;
import org.apache.lucene.analysis.bg.BulgarianAnalyzer;
import org.apache.lucene.analysis.bn.BengaliAnalyzer;
import org.apache.lucene.analysis.br.BrazilianAnalyzer;
import org.apache.lucene.analysis.ca.CatalanAnalyzer;
import org.apache.lucene.analysis.cjk.CJKAnalyzer;
import org.apache.lucene.analysis.ckb.SoraniAnalyzer;
import org.apache.lucene.analysis.cz.CzechAnalyzer;
import org.apache.lucene.analysis.da.DanishAnalyzer;
import org.apache.lucene.analysis.de.GermanAnalyzer;
import org.apache.lucene.analysis.el.GreekAnalyzer;
import org.apache.lucene.analysis.en.EnglishAnalyzer;
import org.apache.lucene.analysis.es.SpanishAnalyzer;
import org.apache.lucene.analysis.et.EstonianAnalyzer;
import org.apache.lucene.analysis.eu.BasqueAnalyzer;
import org.apache.lucene.analysis.fa.PersianAnalyzer;
import org.apache.lucene.analysis.fi.FinnishAnalyzer;
import org.apache.lucene.analysis.fr.FrenchAnalyzer;
import org.apache.lucene.analysis.ga.IrishAnalyzer;
import org.apache.lucene.analysis.gl.GalicianAnalyzer;
import org.apache.lucene.analysis.hi.HindiAnalyzer;
import org.apache.lucene.analysis.hu.HungarianAnalyzer;
import org.apache.lucene.analysis.hy.ArmenianAnalyzer;
import org.apache.lucene.analysis.id.IndonesianAnalyzer;
import org.apache.lucene.analysis.it.ItalianAnalyzer;
import org.apache.lucene.analysis.lt.LithuanianAnalyzer;
import org.apache.lucene.analysis.lv.LatvianAnalyzer;
import org.apache.lucene.analysis.nl.DutchAnalyzer;
import org.apache.lucene.analysis.no.NorwegianAnalyzer;
import org.apache.lucene.analysis.pt.PortugueseAnalyzer;
import org.apache.lucene.analysis.ro.RomanianAnalyzer;
import org.apache.lucene.analysis.ru.RussianAnalyzer;
import org.apache.lucene.analysis.sr.SerbianAnalyzer;
import org.apache.lucene.analysis.sv.SwedishAnalyzer;
import org.apache.lucene.analysis.th.ThaiAnalyzer;
import org.apache.lucene.analysis.tr.TurkishAnalyzer;
import org.elasticsearch.plugin.NamedComponent;
import org.elasticsearch.plugin.analysis.AnalyzerFactory;

public final class Languages {
    private Languages() {}

    abstract static class Language implements AnalyzerFactory {
        private final Analyzer analyzer;

        Language(Analyzer analyzer) {
            this.analyzer = analyzer;
        }

        @Override
        public Analyzer create() {
            return analyzer;
        }
    }

    @NamedComponent("arabic")
    public static final class Arabic extends Language {
        public Arabic() {
            super(new ArabicAnalyzer());
        }
    }

    @NamedComponent("armenian")
    public static final class Armenian extends Language {
        public Armenian() {
            super(new ArmenianAnalyzer());
        }
    }

    @NamedComponent("basque")
    public static final class Basque extends Language {
        public Basque() {
            super(new BasqueAnalyzer());
        }
    }

    @NamedComponent("bengali")
    public static final class Bengali extends Language {
        public Bengali() {
            super(new BengaliAnalyzer());
        }
    }

    @NamedComponent("brazilian")
    public static final class Brazilian extends Language {
        public Brazilian() {
            super(new BrazilianAnalyzer());
        }
    }

    @NamedComponent("bulgarian")
    public static final class Bulgarian extends Language {
        public Bulgarian() {
            super(new BulgarianAnalyzer());
        }
    }

    @NamedComponent("catalan")
    public static final class Catalan extends Language {
        public Catalan() {
            super(new CatalanAnalyzer());
        }
    }

    @NamedComponent("cjk")
    public static final class Cjk extends Language {
        public Cjk() {
            super(new CJKAnalyzer());
        }
    }

    @NamedComponent("czech")
    public static final class Czech extends Language {
        public Czech() {
            super(new CzechAnalyzer());
        }
    }

    @NamedComponent("danish")
    public static final class Danish extends Language {
        public Danish() {
            super(new DanishAnalyzer());
        }
    }

    @NamedComponent("dutch")
    public static final class Dutch extends Language {
        public Dutch() {
            super(new DutchAnalyzer());
        }
    }

    @NamedComponent("english")
    public static final class English extends Language {
        public English() {
            super(new EnglishAnalyzer());
        }
    }

    @NamedComponent("estonian")
    public static final class Estonian extends Language {
        public Estonian() {
            super(new EstonianAnalyzer());
        }
    }

    @NamedComponent("finnish")
    public static final class Finnish extends Language {
        public Finnish() {
            super(new FinnishAnalyzer());
        }
    }

    @NamedComponent("french")
    public static final class French extends Language {
        public French() {
            super(new FrenchAnalyzer());
        }
    }

    @NamedComponent("galician")
    public static final class Galician extends Language {
        public Galician() {
            super(new GalicianAnalyzer());
        }
    }

    @NamedComponent("german")
    public static final class German extends Language {
        public German() {
            super(new GermanAnalyzer());
        }
    }

    @NamedComponent("greek")
    public static final class Greek extends Language {
        public Greek() {
            super(new GreekAnalyzer());
        }
    }

    @NamedComponent("hindi")
    public static final class Hindi extends Language {
        public Hindi() {
            super(new HindiAnalyzer());
        }
    }

    @NamedComponent("hungarian")
    public static final class Hungarian extends Language {
        public Hungarian() {
            super(new HungarianAnalyzer());
        }
    }

    @NamedComponent("indonesian")
    public static final class Indonesian extends Language {
        public Indonesian() {
            super(new IndonesianAnalyzer());
        }
    }

    @NamedComponent("irish")
    public static final class Irish extends Language {
        public Irish() {
            super(new IrishAnalyzer());
        }
    }

    @NamedComponent("italian")
    public static final class Italian extends Language {
        public Italian() {
            super(new ItalianAnalyzer());
        }
    }

    @NamedComponent("latvian")
    public static final class Latvian extends Language {
        public Latvian() {
            super(new LatvianAnalyzer());
        }
    }

    @NamedComponent("lithuanian")
    public static final class Lithuanian extends Language {
        public Lithuanian() {
            super(new LithuanianAnalyzer());
        }
    }

    @NamedComponent("norwegian")
    public static final class Norwegian extends Language {
        public Norwegian() {
            super(new NorwegianAnalyzer());
        }
    }

    @NamedComponent("persian")
    public static final class Persian extends Language {
        public Persian() {
            super(new PersianAnalyzer());
        }
    }

    @NamedComponent("portuguese")
    public static final class Portuguese extends Language {
        public Portuguese() {
            super(new PortugueseAnalyzer());
        }
    }

    @NamedComponent("romanian")
    public static final class Romanian extends Language {
        public Romanian() {
            super(new RomanianAnalyzer());
        }
    }

    @NamedComponent("russian")
    public static final class Russian extends Language {
        public Russian() {
            super(new RussianAnalyzer());
        }
    }

    @NamedComponent("serbian")
    public static final class Serbian extends Language {
        public Serbian() {
            super(new SerbianAnalyzer());
        }
    }

    @NamedComponent("sorani")
    public static final class Sorani extends Language {
        public Sorani() {
            super(new SoraniAnalyzer());
        }
    }

    @NamedComponent("spanish")
    public static final class Spanish extends Language {
        public Spanish() {
            super(new SpanishAnalyzer());
        }
    }

    @NamedComponent("swedish")
    public static final class Swedish extends Language {
        public Swedish() {
            super(new SwedishAnalyzer());
        }
    }

    @NamedComponent("thai")
    public static final class Thai extends Language {
        public Thai() {
            super(new ThaiAnalyzer());
        }
    }

    @NamedComponent("turkish")
    public static final class Turkish extends Language {
        public Turkish() {
            super(new TurkishAnalyzer());
        }
    }
}
