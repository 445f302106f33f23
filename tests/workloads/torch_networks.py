"""Modules as their authors write them."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch")
nn = torch.nn


class BasicBlock(nn.Module):
    def __init__(self, width: int, wider: int, stride: int):
        super().__init__()
        self.conv1 = nn.Conv2d(width, wider, 3, stride, 1, bias=False)
        self.norm1 = nn.BatchNorm2d(wider)
        self.conv2 = nn.Conv2d(wider, wider, 3, 1, 1, bias=False)
        self.norm2 = nn.BatchNorm2d(wider)
        shortcut = nn.Sequential(nn.Conv2d(width, wider, 1, stride, bias=False), nn.BatchNorm2d(wider))
        self.shortcut = nn.Identity() if stride == 1 else shortcut

    def forward(self, image):
        inner = torch.relu(self.norm1(self.conv1(image)))
        return torch.relu(self.norm2(self.conv2(inner)) + self.shortcut(image))


class ResNet18(nn.Module):
    """He et al., CVPR 2016, table 1."""

    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(3, 64, 7, 2, 3, bias=False)
        self.norm = nn.BatchNorm2d(64)
        self.pool = nn.MaxPool2d(3, 2, 1)
        widths = [(64, 64, 1), (64, 64, 1), (64, 128, 2), (128, 128, 1)]
        widths += [(128, 256, 2), (256, 256, 1), (256, 512, 2), (512, 512, 1)]
        self.stages = nn.Sequential(*(BasicBlock(*width) for width in widths))
        self.mean = nn.AdaptiveAvgPool2d(1)
        self.fc = nn.Linear(512, 1000)

    def forward(self, image):
        features = self.stages(self.pool(torch.relu(self.norm(self.conv1(image)))))
        return self.fc(torch.flatten(self.mean(features), 1))


class Block(nn.Module):
    def __init__(self, width: int, heads: int, inner: int):
        super().__init__()
        self.heads = heads
        self.query, self.key, self.value, self.output = (nn.Linear(width, width) for _ in range(4))
        self.expand, self.contract = nn.Linear(width, inner), nn.Linear(inner, width)
        self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)

    def split(self, rows):
        return rows.unflatten(-1, (self.heads, -1)).transpose(1, 2)

    def forward(self, rows):
        heads = (self.split(project(rows)) for project in (self.query, self.key, self.value))
        mixed = nn.functional.scaled_dot_product_attention(*heads)
        rows = self.norm1(rows + self.output(mixed.transpose(1, 2).flatten(2)))
        return self.norm2(rows + self.contract(nn.functional.gelu(self.expand(rows))))


class Transformer(nn.Sequential):
    def __init__(self, width: int, heads: int, inner: int, blocks: int):
        super().__init__(*(Block(width, heads, inner) for _ in range(blocks)))


class LeftWeights(nn.Module):
    def __init__(self, rows: int, columns: int):
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(rows, columns))

    def forward(self, x):
        return self.weight @ x


class Function(nn.Module):
    """A function as a module."""

    def __init__(self, function):
        super().__init__()
        self.function = function

    def forward(self, *inputs):
        return self.function(*inputs)
