"""How each panel of what happens inside an encoder is computed: a paragraph each, as Markdown."""

from probing.language import Spoken, later

COMPUTED = Spoken(
    {
        "proof": later(
            "The sentence goes through the tokenizer and the encoder once. `hidden_states` is a "
            "tuple of L + 1 tensors of shape (sentences, tokens, features); `h[:, 0]` takes the "
            "first *token* with all its features, `h[:, :, 0]` would take the first *feature* "
            "of all tokens. The pooler is then computed by hand from its own weights (in BERT: "
            "tanh(W · h[:, 0] + b)) and compared with `pooler_output`. Last, the family's own "
            "classification head is built by the model class itself with random weights, and "
            "its modules are applied one by one: the largest difference between both logits is "
            "shown."
        ),
        "arrival": later(
            "Relative variance is V = tr Cov(x) / E‖x‖² over all sentences. Below 1e−9 there is "
            "float noise only, and the vector counts as constant. The plain probe rescales "
            "every dimension, so it reads a millionth of the variance as well as all of it. The "
            "noise-robust probe is the same probe after normal noise of 1% of the vectors' "
            "root mean square is added: what it still reads is large enough to be called what "
            "the vector is about."
        ),
        "knockout": later(
            "[CLS]'s attention to every other token is masked: in one layer only, in a layer "
            "and all above it, or in a layer and all below it. All else is computed as usual. "
            "The last layer's [CLS] is then read by probes fitted on *intact* vectors, each on "
            "held-out sentences (a probe fitted anew would read what little is left, and hide "
            "the effect). How far [CLS] moves is E‖Δh‖² / tr Cov(h): 1 is as far as sentences "
            "lie from their mean. Masking attention edges as an experiment: Geva et al. 2023. "
            "It shows by which layers the information *can* come in, not that a task relies on "
            "it."
        ),
        "ledger": later(
            "Before its first LayerNorm (or the sum that stands there in families that "
            "normalise first), a layer adds up h + b_O + Σ_t Σ_heads α_0t · W_O v_t for [CLS]: "
            "its own state passed by, the output bias, and what attention brings from each "
            "token t. Heads are summed before the norm is taken; tokens of a group likewise. A "
            "share is one norm over the sum of all norms. The parts add up to what the model "
            "itself computes, which is checked. Raw attention α says how much a token is looked "
            "at, not how much it brings: a long look at a short vector is little (Kobayashi et "
            "al. 2020; with residual and LayerNorm as a mixing ratio, 2021). Rollout (Abnar & "
            "Zuidema 2020) multiplies attention, half of it replaced by the residual, over "
            "layers; it ignores values and is shown beside, never as a cause."
        ),
        "average": later(
            "A linear probe on the mean takes the mean apart exactly: w · mean(h) + b = Σ_t w · "
            "h_t / T + b. So each token's w · h_t / T is what it adds to the logit. This is of "
            "the last step alone: each h_t has itself read the other tokens in the layers "
            "below. For [CLS], which is one vector, there is no such sum; beside it stands what "
            "each token brings to [CLS] in the same layer, from the ledger."
        ),
        "gradients": later(
            "One forward and one backward pass over at most 256 sentences, dropout off, "
            "cross-entropy loss, for heads on the pooled [CLS], the raw [CLS] and the mean, "
            "randomly initialised or fitted to the labels. By layer: S_l = E[‖∂L/∂h_l,0‖ / Σ_t "
            "‖∂L/∂h_l,t‖] with L2 norms, beside 1/T. Under a head that reads [CLS], S is 1 at "
            "the last layer by construction and spreads to the other tokens on the way down. By "
            "row of the word embedding table: ‖∂L/∂E_v‖² over the sum of all rows. [CLS] always "
            "stands at the same position, so where positions have a table too, ∂L/∂E[CLS] = "
            "∂L/∂P[0]: one parameter, not two."
        ),
        "live": later(
            "The sentence is encoded once; every layer and pooling is read by the probe fitted "
            "on all of the run's sentences. *Occlusion*: each word in turn, with all its "
            "pieces, is left out and the sentence encoded again; shown is the probability of "
            "the class that is read, less the same without the word (in long sentences "
            "neighbouring words go together). *Gradient × input*: Σ_i h_ti · ∂logit/∂h_ti at "
            "the embedding output h, layer 0 (Shrikumar et al. 2016): the effect, to first "
            "order, of scaling a token's vector down to nothing. The two answer different "
            "questions and often do not agree. Its place on a PCA map is exact. On a UMAP map "
            "it is the weighted median of where its 15 nearest sentences lie, so it always "
            "lands among others, however strange it is; the map itself is not drawn anew."
        ),
    }
)
"""Panel → how it is computed, with formulas in plain text and sources."""
