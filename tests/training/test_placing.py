"""Clips on reels: each once, none over another, no two folds together."""

from hypothesis import given
from hypothesis import strategies as st

from whisper_at.timegrid import FRAMES_PER_WINDOW
from whisper_at.training.placing import LONGEST_GAP, SHORTEST_GAP, alone, into_shards, packed

clips = st.lists(
    st.tuples(st.integers(1, 4000), st.sampled_from(["", "1", "2", "test"])), min_size=1, max_size=60
)
cells = st.sampled_from([2, 20, 40, 100, 250])
seeds = st.integers(0, 2**32)


@given(clips, cells, seeds)
def test_clips_lie_side_by_side_among_their_own_fold(clips, frames_per_cell, seed):
    lengths, folds = [n for n, _ in clips], [fold for _, fold in clips]
    reels = packed(lengths, folds, frames_per_cell=frames_per_cell, seed=seed)
    assert sorted(p.clip for reel in reels for p in reel.clips) == list(range(len(clips)))
    for reel in reels:
        assert len({folds[p.clip] for p in reel.clips}) == 1
        assert all(p.frame % frames_per_cell == 0 for p in reel.clips)
        ends = [p.frame + lengths[p.clip] for p in reel.clips]
        assert ends[-1] == reel.n_frames
        for end, after in zip(ends, reel.clips[1:], strict=False):
            gap = after.frame - end
            assert SHORTEST_GAP <= gap <= max(LONGEST_GAP, SHORTEST_GAP + frames_per_cell - 1)
        if len(reel.clips) > 1:
            assert reel.n_frames <= FRAMES_PER_WINDOW
        elif reel.n_frames > FRAMES_PER_WINDOW:  # it could not have been helped
            assert lengths[reel.clips[0].clip] > FRAMES_PER_WINDOW and reel.clips[0].frame == 0


@given(clips, seeds)
def test_a_seed_gives_the_same_reels_again(clips, seed):
    lengths, folds = [n for n, _ in clips], [fold for _, fold in clips]
    once, again = (packed(lengths, folds, frames_per_cell=20, seed=seed) for _ in range(2))
    assert once == again


def test_packing_saves_windows():
    lengths = [200] * 1000  # 2 s each, 0.6 s between them: 11 a window
    assert len(packed(lengths, ["1"] * 1000, frames_per_cell=20)) < 1000 / 10
    assert len(alone(lengths)) == 1000


def test_another_seed_gives_a_clip_other_neighbours():
    def neighbours(seed):
        reels = packed([500] * 40, ["1"] * 40, frames_per_cell=20, seed=seed)
        return next({p.clip for p in reel.clips} for reel in reels if any(p.clip == 0 for p in reel.clips))

    assert len({frozenset(neighbours(seed)) for seed in range(5)}) == 5


@given(st.lists(st.integers(1, 90), min_size=1), st.integers(1, 200))
def test_shards_hold_all_reels_in_order_and_are_as_large_as_they_may_be(sizes, limit):
    reels = alone(sizes)
    shards = into_shards(reels, sizes, limit)
    assert [reel for shard in shards for reel in shard] == reels
    totals = [sum(reel.n_frames for reel in shard) for shard in shards]
    assert all(total <= limit or len(shard) == 1 for total, shard in zip(totals, shards, strict=True))
    for total, after in zip(totals, shards[1:], strict=False):
        assert total + after[0].n_frames > limit
