"""What the terms on the page mean, for whoever asks: one click away from each figure."""

from probing.language import later

SCORED_BY = {
    "probe": later(
        "**Probe**: logistic regression on the vectors, scored on sentences it was not fitted on."
    ),
    "noisy": later(
        "**Probe with noise**: the same, after noise of 1% of the vectors' root mean square is "
        "added. A probe rescales every dimension, so it also reads what lies in a millionth of the "
        "variance. What survives the noise is what the vector is *about*."
    ),
    "cosine": later(
        "**Nearest neighbour**: the class of the most similar training sentence under "
        "cosine: no probe, no weights. On frozen encoders a few large dimensions rule the cosine."
    ),
    "cosine_z": later(
        "**Nearest neighbour, z-scored**: the same after each dimension is scaled to mean 0 and "
        "standard deviation 1. Where this is far above the raw cosine, the gap is the metric's, "
        "not missing information."
    ),
}

BASELINES = later("""
- **most frequent class**: always the same answer.
- **length**: a probe on the numbers of word pieces and characters.
- **TF-IDF**: a probe on counts of words and word pairs. No order, no encoder.
- **layer-0 mean**: a probe on the average of the encoder's input vectors (embedding output).
- **random weights** (in-depth runs): the same architecture, never trained, three seeds.

A score that a baseline reaches as well shows nothing about the encoder's layers.
""")

VERDICT = later("""
Made from the results alone, by fixed rules:

- The **best cell** is chosen on inner folds only, then scored on the outer folds. The maximum of
  the curve is not a performance: with many cells it flatters.
- **Intervals** (95%) come from 2,000 resamples of the distinct sentences, the same ones for all
  cells (where fewer than 20 sentences are right or wrong: Wilson's). In cross-validation sentences
  train each other's probes and are no independent witnesses: the intervals are widened for that.
- A **difference** is named only where it survives the correction for all comparisons of the run
  (sign-flip max-T over sentences, 2,000 flips, α = 5%), and for cross-validation likewise.
- Below 100 different sentences nothing is tested by layer.

A probe that decodes a property shows that it can be read off the vectors, not that the encoder
relies on it.
""")

COMPARISONS = later("""
Both poolings score the same sentences, so they are compared sentence by sentence. Points are
differences with their 95% interval (paired bootstrap); a filled point survives the correction for
all comparisons of the run. **McNemar** is the exact test of that pair alone, on the sentences that
only one of the two gets right; in cross-validation it is a little too ready to see a difference,
so the verdict does not go by it. The band is what this sample could not detect in four of five
cases.
""")

ARRIVAL = later("""
**Relative variance** is the share of a vector's energy that differs between sentences. At layer 0
`[CLS]` is the same vector for every sentence. A plain probe rescales each dimension and so reads
differences however small they are; the **noise-robust** probe does not. Where both meet, `[CLS]`
has become about the sentence.
""")

CONTROLS = later("""
- **Control task** (Hewitt & Liang 2019): every type (first word piece and length) gets a random
  label. **Selectivity** is the accuracy minus the accuracy on that task, both on held-out
  sentences. A probe that is good at both learns by heart.
- **Memorised**: how many permuted labels the probe gets right on the very sentences it was fitted
  on.
- **Permutation test** (in-depth runs): how often a probe on permuted labels does as well.
""")

CONDITIONAL = later("""
A probe on [mean; CLS] against a probe on the mean alone: the bits of label information that CLS
adds, and the reverse (conditional probing, Hewitt et al. 2021). Near 0: what one of them has, the
other has too.
""")

DESCRIPTION = later("""
**Description length** (Voita & Titov 2020): the bits needed to send the labels to someone who has
the vectors. The labels are sent in growing portions, each coded by a probe fitted on those before
it, so a property that is easy to read off costs few. **Compression** is n·log2 K over that length;
permuted labels give about 1. The portions are a learning curve as well.
""")

GEOMETRY = {
    "relative_variance": later("Share of the vectors' energy that differs between sentences."),
    "anisotropy": later(
        "Mean cosine of two different sentences. Near 1: all vectors share one large "
        "common part; what differs between sentences is small beside it, not absent."
    ),
    "anisotropy_z": later(
        "The same after z-scoring each dimension: near 0 by construction, which shows "
        "that the anisotropy lies in the common part."
    ),
    "top_share": later(
        "How much of the mean cosine a single dimension makes: one rogue dimension often "
        "makes nearly all of it."
    ),
    "participation_ratio": later(
        "How many dimensions the variance fills. Grows with n: compare at equal n only."
    ),
    "rankme": later("Effective rank, exp of the entropy of the singular values. Grows with n."),
    "cka_mean": later(
        "Similarity of the cloud to the mean's at the same layer (debiased CKA): 0 for "
        "unrelated, 1 for the same up to rotation and scale; noise may take it below 0."
    ),
}
GEOMETRY_NAMES = {
    "relative_variance": later("Relative variance"),
    "anisotropy": later("Anisotropy"),
    "anisotropy_z": later("Anisotropy, z-scored"),
    "top_share": later("Top dimension"),
    "participation_ratio": later("Participation ratio"),
    "rankme": later("RankMe"),
    "cka_mean": later("CKA with the mean"),
}

CALIBRATION = later(
    "Of the sentences that the probe is 80% sure of, 80% should be right. ECE is the mean gap "
    "over 15 bins of confidence."
)
INFORMATION = later(
    "log2 of the probability given to the label, minus log2 of the label's share: what the probe "
    "knows of this sentence, in bits. Negative: worse than knowing the shares only."
)
BY_CLASS = later(
    "**Recall** is the share of a class that the probe finds; **precision**, the share of its "
    "predictions of the class that are right; **F1**, their harmonic mean. Intervals are Wilson's "
    "(95%) and take sentences for independent. All sentences were held out. At layer 0 `[CLS]` is "
    "one vector, so every sentence is taken for the most frequent class."
)
