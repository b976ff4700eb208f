"""The records that are measured with: Tate's whole collection where its folder is there, else the sample."""

from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
COLLECTIONS = ROOT / "examples" / "tate"
FULL = ROOT.parent / "shared" / "data" / "tate"


@dataclass(frozen=True)
class Dataset:
    """The two files of a Tate collection; `whole` if they hold all of it."""

    artists: Path
    artworks: Path
    whole: bool

    @property
    def load(self) -> tuple[tuple[str, Path], ...]:
        """What `up --load` is given."""
        return (("Artist", self.artists), ("Artwork", self.artworks))


SAMPLE = Dataset(COLLECTIONS / "artists.ndjson.gz", COLLECTIONS / "artworks.ndjson.gz", whole=False)


def largest_dataset() -> Dataset:
    """All artworks if their folder is beside the checkout, else those that come with it."""
    whole = Dataset(FULL / "tate-artists.ndjson.gz", FULL / "tate-artworks.ndjson.gz", whole=True)
    return whole if whole.artists.is_file() and whole.artworks.is_file() else SAMPLE
