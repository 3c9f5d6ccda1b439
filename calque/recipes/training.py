"""Whatever the training loop runs."""

from __future__ import annotations

from calque.recipes.finetune import Finetune
from calque.recipes.pretrain import Pretrain

Training = Finetune | Pretrain
