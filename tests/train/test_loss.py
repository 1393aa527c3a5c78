"""The loss over tags, against values computed by hand."""

import math

import pytest
import torch
from marsad.train.trainer import tag_loss

LOGITS = torch.tensor([[[math.log(3), 0.0], [0.0, 0.0], [5.0, 5.0]]])
"""True tags get 3/4 and 1/2; the third token is left out."""
LABELS = torch.tensor([[0, 1, -100]])


@pytest.mark.parametrize(
    ("weights", "gamma", "expected"),
    [
        (None, 0.0, (-math.log(0.75) - math.log(0.5)) / 2),
        (None, 2.0, (-math.log(0.75) / 16 - math.log(0.5) / 4) / 2),
        (torch.tensor([4.0, 1.0]), 1.0, (-4 * math.log(0.75) / 4 - math.log(0.5) / 2) / 2),
    ],
)
def test_the_loss_is_the_cross_entropy_and_focal_loss_as_published(weights, gamma, expected):
    assert tag_loss(weights, 0.0, gamma)({"logits": LOGITS}, LABELS).item() == pytest.approx(expected)


def test_what_is_surely_right_has_a_slope_whatever_gamma():
    logits = torch.tensor([[[200.0, 0.0]]], requires_grad=True)
    tag_loss(None, 0.0, 0.5)({"logits": logits}, torch.tensor([[0]])).backward()
    assert torch.isfinite(logits.grad).all()
