"""A bottleneck adapter: a small residual network behind a layer (Houlsby et al. 2019, "Parameter-Efficient Transfer
Learning for NLP"; for translation Bapna and Firat 2019, "Simple, Scalable Adaptation for Neural Machine Translation").

Legend: D width of the layer's output.
"""

from __future__ import annotations

from torch import Tensor, nn


class Bottleneck(nn.Module):
    """What `base_layer` answers, y, as y + up(gelu(down(dropout(y)))).

    `up` begins at zero, so that the network computes at first what it computed without the adapter. The sum is not
    linear in the layer's input, so no weights of the layer could stand for it: it cannot be merged.

    Args:
        base_layer: a layer with `size` outputs (..., D).
        size: D.
        width: hidden units between `down` and `up`.
        dropout: probability, of what goes into `down`.
    """

    def __init__(self, base_layer: nn.Module, size: int, width: int, dropout: float) -> None:
        super().__init__()
        self.base_layer = base_layer
        self.dropout = nn.Dropout(dropout)
        self.down = nn.Linear(size, width)
        self.up = nn.Linear(width, size)
        nn.init.zeros_(self.up.weight)
        nn.init.zeros_(self.up.bias)

    def forward(self, inputs: Tensor) -> Tensor:
        """The layer's output (..., D), corrected."""
        output: Tensor = self.base_layer(inputs)
        correction: Tensor = self.up(nn.functional.gelu(self.down(self.dropout(output))))
        return output + correction
