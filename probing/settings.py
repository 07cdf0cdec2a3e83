"""What a person may choose about a run."""

from dataclasses import asdict, dataclass
from typing import Any, Literal

from probing.errors import SettingsError
from probing.representations import POOLINGS

Maps = Literal["none", "last", "all"]
MAPS: tuple[Maps, ...] = ("none", "last", "all")
Depth = Literal["quick", "full"]
DEPTHS: tuple[Depth, ...] = ("quick", "full")
Target = Literal["auto", "classes", "numbers"]
TARGETS: tuple[Target, ...] = ("auto", "classes", "numbers")


@dataclass(frozen=True)
class Settings:
    """The choices behind a run; the same settings and sentences give the same run."""

    encoder: str = "bundled"
    """``bundled``, a hub id, or the path of a local folder."""
    revision: str | None = None
    """Branch, tag or commit on the hub; None for the main one."""
    poolings: tuple[str, ...] = ("cls", "pooled", "mean")
    """Some of cls, pooled, mean, mean_words."""
    folds: int = 5
    """Outer folds of the cross-validation, 2 … 20; unused with a given split."""
    seed: int = 0
    """Seed of folds and maps."""
    maps: Maps = "last"
    """Maps drawn with the run: none, those of the last layer (and of the middle one, on which all
    others lie), or all layers in 2-D and 3-D."""
    depth: Depth = "quick"
    """``full`` adds what takes long: the encoder with random weights, permutations, description
    length."""
    target: Target = "auto"
    """What labels are: classes, numbers (ridge regression), or auto: numbers where there are more
    than 20 different ones."""

    def __post_init__(self) -> None:
        unknown = [p for p in self.poolings if p not in POOLINGS]
        if unknown or not self.poolings:
            came = ",".join(self.poolings) or "nothing"
            raise SettingsError(
                "poolings is {came}; choose one or more of {poolings}, separated by commas.",
                came=came,
                poolings=", ".join(POOLINGS),
            )
        if not 2 <= self.folds <= 20:
            raise SettingsError(
                "folds is {folds}; it must be between 2 and 20. The default is 5.", folds=self.folds
            )
        if not 0 <= self.seed < 2**32:
            raise SettingsError(
                "seed is {seed}; it must be between 0 and 4294967295.", seed=self.seed
            )
        if self.maps not in MAPS:
            raise SettingsError(
                "maps is {maps}; choose one of {allowed}.", maps=self.maps, allowed=", ".join(MAPS)
            )
        if self.depth not in DEPTHS:
            raise SettingsError(
                "depth is {depth}; choose one of {allowed}.",
                depth=self.depth,
                allowed=", ".join(DEPTHS),
            )
        if self.target not in TARGETS:
            raise SettingsError(
                "target is {target}; choose one of {allowed}.",
                target=self.target,
                allowed=", ".join(TARGETS),
            )
        object.__setattr__(self, "encoder", str(self.encoder))  # a Path is welcome
        ordered = tuple(p for p in POOLINGS if p in self.poolings)
        object.__setattr__(self, "poolings", ordered)

    def to_json(self) -> dict[str, Any]:
        """The fields as JSON can hold them."""
        return {**asdict(self), "poolings": list(self.poolings)}
