"""The zero-shot head against open_clip's classifier and by hand; logits."""

import open_clip
import pytest
import torch

from lib.models import heads
from lib.precision import matmul_precision


def test_head_equals_open_clips_classifier_times_the_logit_scale(clip):
    names, templates = ["cat", "dog", "ox"], ["a photo of a {}.", "a drawing of a {}."]
    tokenizer = open_clip.get_tokenizer("ViT-B-32")
    columns = open_clip.build_zero_shot_classifier(clip, tokenizer, names, templates)
    head = heads.zero_shot_head(clip, tokenizer, names, templates)
    torch.testing.assert_close(head, clip.logit_scale.exp().detach() * columns.T)
    torch.testing.assert_close(head.norm(dim=1), clip.logit_scale.exp().detach().expand(3))


def test_head_by_hand(clip):
    tokenizer = open_clip.get_tokenizer("ViT-B-32")
    texts = [clip.encode_text(tokenizer([t.format("cat")]), normalize=True) for t in ("a {}", "the {}")]
    mean = torch.stack(texts).mean(0).squeeze()
    expected = clip.logit_scale.exp() * mean / mean.norm()
    torch.testing.assert_close(heads.zero_shot_head(clip, tokenizer, ["cat"], ["a {}", "the {}"])[0], expected.detach())


@pytest.mark.parametrize("templates", [[], ["a photo"]])
def test_templates_without_a_place_for_the_name_are_refused(clip, templates):
    with pytest.raises(ValueError, match="templates need a {}"):
        heads.zero_shot_head(clip, open_clip.get_tokenizer("ViT-B-32"), ["cat"], templates)


def test_logits_are_scaled_cosines():
    head = torch.tensor([[10.0, 0.0], [0.0, 10.0]])
    torch.testing.assert_close(heads.logits(torch.tensor([[3.0, 4.0]]), head), torch.tensor([[6.0, 8.0]]))


def test_logits_are_not_rounded_to_bf16():
    generator = torch.Generator().manual_seed(0)
    features, head = torch.randn(9, 64, generator=generator), 10 * torch.randn(5, 64, generator=generator)
    exact = heads.logits(features, head)
    with matmul_precision("bf16", "cpu"):
        assert torch.equal(heads.logits(features, head), exact)
