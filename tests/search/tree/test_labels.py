from __future__ import annotations

import numpy as np

from accelax.search.tree.labels import Labels, joined, undominated


def labels(rows: list[tuple[int, float, float]]) -> Labels:
    """``(tile, spent, used)`` each."""
    tile, spent, used = (np.array(column, float) for column in zip(*rows, strict=True))
    none = np.zeros(len(rows), int)
    return Labels(tile.astype(int), spent[None], used, none, np.arange(len(rows)), none)


def test_cheaper_and_smaller_wins_at_each_tile():
    table = labels([(1, 5.0, 2.0), (1, 4.0, 3.0), (1, 5.0, 3.0), (0, 9.0, 9.0), (1, 4.0, 3.0)])
    kept = undominated(table)
    assert sorted(zip(kept.tile.tolist(), kept.spent[0].tolist(), kept.used.tolist(), strict=True)) == [
        (0, 9.0, 9.0),
        (1, 4.0, 3.0),
        (1, 5.0, 2.0),
    ]


def test_random_labels_against_all_pairs():
    random = np.random.default_rng(1)
    for resources in (1, 2):
        count = 300
        table = Labels(
            random.integers(0, 5, count),
            random.integers(0, 9, (resources, count)).astype(float),
            random.integers(0, 9, count).astype(float),
            *(np.zeros(count, int),) * 3,
        )
        kept = undominated(table)
        have = {(t, *s, u) for t, s, u in zip(kept.tile, kept.spent.T.tolist(), kept.used, strict=True)}
        for t, s, u in zip(table.tile, table.spent.T.tolist(), table.used, strict=True):
            assert any(k[0] == t and all(a <= b for a, b in zip(k[1:], (*s, u), strict=True)) for k in have)
        if resources == 1:
            assert len(have) == len(kept)
            assert not any(
                a != b and a[0] == b[0] and all(x <= y for x, y in zip(a[1:], b[1:], strict=True))
                for a in have
                for b in have
            )


def test_tables_join_by_row():
    both = joined([labels([(1, 2.0, 3.0)]), labels([(4, 5.0, 6.0)])])
    assert both.tile.tolist() == [1, 4]
    assert both.take(np.array([1])).used.tolist() == [6.0]
