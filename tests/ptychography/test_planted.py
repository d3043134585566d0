"""Planted mistakes: the cheap way to see which are refused says what the dear one does."""

from __future__ import annotations

import jsonschema
import numpy as np
import pytest

from registry.identity import schema
from registry.ptychography import physics, planted
from registry.ptychography.acceptance import Source, as_scan, modelled, refusals
from registry.ptychography.forward import Forward, object_patches
from registry.ptychography.mistakes import MISTAKES
from registry.ptychography.noise import Noise
from registry.ptychography.planting import shifted
from registry.ptychography.scan import Scan

LEVELS = {
    "noise-free": ("none", None),
    "1e4 photons": ("poisson", 1e4),
    "1e6 photons": ("poisson", 1e6),
    "1e5 photons, as measured": ("measured", 1e5),
}
SIZED = [
    (16, "noise-free"),
    (16, "1e4 photons"),
    pytest.param(16, "1e6 photons", marks=pytest.mark.slow),
    pytest.param(16, "1e5 photons, as measured", marks=pytest.mark.slow),
    pytest.param(64, "1e4 photons", marks=pytest.mark.slow),
]


@pytest.fixture
def sound(twin):
    """Arrays of a sound fixture of n positions, and its noise as it is declared."""

    def make(n: int, level: str) -> tuple[dict[str, np.ndarray], Noise]:
        kind, photons = LEVELS[level]
        arrays, noise = twin.fixture(photons, seed=7, indices=twin.evenly_spaced(n))
        return arrays, noise if kind == noise.kind else Noise(kind=kind)

    return make


@pytest.fixture
def refusing(schemas, monkeypatch):
    """Criteria that refuse arrays whose source has the same mistake.

    All of them, but for alternatives where others refuse: those cost fifty models, and what they
    say takes no other criterion away. Where they must refuse, too, they are asked.
    """

    def ask(arrays, changed, noise: Noise, found: set[str] = frozenset()) -> set[str]:
        found_in = {**arrays, **changed}
        scan = as_scan(found_in)[0] or as_scan(arrays)[0]
        indices = np.arange(len(scan.frames))
        source = Source(scan=scan, indices=indices, noise=noise, strategy="grid")

        def refused() -> set[str]:
            return {failure.criterion for failure in refusals(found_in, source, schemas)}

        with monkeypatch.context() as patch:
            patch.setattr(physics, "alternative_margins", lambda *_: ())
            without = refused()
        return without if without and found <= without else refused()

    return ask


@pytest.mark.parametrize(("n", "level"), SIZED)
@pytest.mark.usefixtures("remembered_models")
def test_recorded_is_what_all_criteria_refuse(sound, refusing, schemas, n, level):
    """No mistake is found or missed for the sake of speed, and no step of the ladder."""
    arrays, noise = sound(n, level)
    recorded = planted.record(arrays, noise, schemas)
    for mistake in MISTAKES:
        found = set(recorded["found"].get(mistake.name, ()))
        everything = refusing(arrays, mistake.plant(arrays), noise, found)
        assert bool(found) == bool(everything), f"{mistake.name} is refused by {everything}"
        assert found <= everything, f"{mistake.name}: {found - everything} does not refuse it"
        assert found or mistake.name in recorded["missed"], f"{mistake.name} is forgotten"
    smallest = recorded["smallest"]
    for axis, (x, y) in {"x": (1, 0), "y": (0, 1)}.items():
        refused = [
            bool(refusing(arrays, shifted(x * step, y * step)(arrays), noise))
            for step in planted.LADDER
        ]
        expected = next((n for n, found in enumerate(refused) if not found), len(refused))
        found = planted.LADDER.index(smallest[axis]) + 1 if axis in smallest else 0
        assert found == expected, f"{axis}: refused at {refused}, recorded {smallest}"


def test_the_record_is_as_a_sidecar_has_it(sound, schemas):
    """Sorted, and in the form that the sidecar's schema gives it."""
    recorded = planted.record(*sound(16, "1e4 photons"), schemas)
    rules = schema.read(schemas / "sidecar_v3.schema.json")["properties"]["mistakes"]
    jsonschema.validate(recorded, rules)
    for key in ("found", "missed", "none"):
        assert list(recorded[key]) == sorted(recorded[key]), f"{key} is in no order"
    names = [*recorded["found"], *recorded["missed"], *recorded["none"]]
    assert sorted(names) == sorted(mistake.name for mistake in MISTAKES), "not each once"


def test_shifts_are_halved_from_a_pixel_on():
    """What a sidecar records as the smallest is one of these."""
    assert planted.LADDER[0] == 1
    assert planted.LADDER[-1] == 1 / 128
    assert set(np.divide(planted.LADDER[1:], planted.LADDER[:-1])) == {0.5}


def test_what_changes_nothing_is_refused_by_nothing(sound, schemas):
    """A fixture that was accepted is, whether a criterion is to be named or not."""
    criteria = planted.Criteria.of(*sound(16, "1e4 photons"), schemas)
    assert criteria.refusing({}) == []
    assert criteria.refuses({}) is False


def test_what_changes_no_value_is_no_mistake(sound, schemas):
    """The conjugate of a real object is the object, whatever the sign of its zeros."""
    arrays, noise = sound(16, "noise-free")
    arrays["objectGuess"] = np.abs(arrays["objectGuess"]).astype("<c8")
    scan = as_scan(arrays)[0]
    arrays["diffraction"] = scan.model().astype("<f4")
    recorded = planted.record(arrays, noise, schemas)
    assert recorded["none"] == ["conjugated_object"], "judged although nothing is changed"
    assert "conjugated_object" not in recorded["found"], "refused although nothing is changed"


def test_what_a_cheap_criterion_finds_is_not_held_against_alternatives(sound, schemas, monkeypatch):
    """They cost a model each: fifty times as much as all else together."""
    asked = []

    def none(scan, *_, **__):
        asked.append(scan)
        return ()

    monkeypatch.setattr(planted, "alternative_margins", none)
    recorded = planted.record(*sound(16, "1e6 photons"), schemas)
    assert len(asked) == len(recorded["missed"]), "alternatives of a mistake that was found"


def test_models_are_made_for_new_positions_alone(sound, schemas, monkeypatch):
    """Frames in another order are held against the models that there are."""
    arrays, noise = sound(16, "1e6 photons")
    criteria = planted.Criteria.of(arrays, noise, schemas)
    made = []

    def counted(_, x, y):
        made.extend(x)
        return np.ones((len(x), 64, 64))

    monkeypatch.setattr(Forward, "amplitude", counted)
    for name, count in {
        "permuted_frames": 0,
        "misaligned_frames": 0,
        "second_frames_off": 8,
    }.items():
        made.clear()
        (mistake,) = [mistake for mistake in MISTAKES if mistake.name == name]
        changed = mistake.plant(arrays)
        list(criteria._trials(changed, alternatives=False))
        assert len(made) <= count, f"{name}: models of {len(made)} positions"
        made.clear()
        criteria._models(as_scan({**arrays, **changed})[0], changed).stack[:]
        assert len(made) == count, f"{name}: models of {len(made)} positions"


@pytest.mark.parametrize("count", [1, 16])
@pytest.mark.parametrize("change", ["none", "reversed", "some", "all"])
def test_models_and_light_are_those_of_the_positions(sound, schemas, count, change):
    """Be they as they were, in another order, or in part or all of them new."""
    arrays, noise = sound(16, "1e4 photons")
    for name in ("diffraction", "xcoords", "ycoords"):
        arrays[name] = arrays[name][:count]
    criteria = planted.Criteria.of(arrays, noise, schemas)
    x = (
        arrays["xcoords"]
        + {"none": 0, "reversed": 0, "some": np.arange(count) % 3, "all": 1}[change]
    )
    changed = {"xcoords": x, "ycoords": arrays["ycoords"]}
    if change == "reversed":
        changed = {name: values[::-1] for name, values in changed.items()}
    scan = as_scan({**arrays, **changed})[0]
    models = criteria._models(scan, changed)
    np.testing.assert_allclose(models.stack[:], scan.model(), atol=1e-12)
    np.testing.assert_allclose(models.light(), (scan.model() ** 2).sum(axis=(1, 2)), rtol=1e-9)


@pytest.mark.parametrize("name", ["objectGuess", "probeGuess"])
def test_models_of_another_object_or_probe(sound, schemas, name):
    """Are made of it."""
    arrays, noise = sound(16, "1e4 photons")
    criteria = planted.Criteria.of(arrays, noise, schemas)
    changed = {name: arrays[name].conj()}
    scan = as_scan({**arrays, **changed})[0]
    models = criteria._models(scan, changed)
    np.testing.assert_allclose(models.stack[:], scan.model(), atol=1e-12)
    np.testing.assert_allclose(models.light(), (scan.model() ** 2).sum(axis=(1, 2)), rtol=1e-9)


def test_of_other_positions_nothing_else_is_read_again(sound, schemas):
    """Where they could be a scan's; where they could not, the reason is that of `as_scan`."""
    arrays, noise = sound(16, "1e4 photons")
    criteria = planted.Criteria.of(arrays, noise, schemas)

    def read(**changed):
        everything = {**arrays, **changed}
        return criteria._scan(changed, everything), as_scan(everything)

    moved = {"xcoords": arrays["xcoords"] + 1, "ycoords": arrays["ycoords"] - 1}
    (found, reason), _ = read(**moved)
    assert (found.obj is criteria.scan.obj, found.frames is criteria.scan.frames) == (True, True)
    assert (found.x is moved["xcoords"], found.y is moved["ycoords"], reason) == (True, True, "")
    for x in (arrays["xcoords"][1:], arrays["xcoords"] * np.nan, arrays["xcoords"] * 1j):
        found, expected = read(xcoords=x)
        assert found == expected
        assert found[0] is None, "a scan of what is none"
    (found, _), (expected, _) = read(xcoords=arrays["xcoords"].astype("<f4"))
    assert found.x.dtype == np.float64
    np.testing.assert_array_equal(found.x, expected.x)
    (found, _), _ = read(objectGuess=arrays["objectGuess"] * 2)
    np.testing.assert_array_equal(found.obj, 2 * criteria.scan.obj)
    assert found.frames is criteria.scan.frames, "frames are converted once more"
    (found, _), _ = read(diffraction=arrays["diffraction"] * 2)
    np.testing.assert_array_equal(found.frames, 2 * criteria.scan.frames)


def test_arrays_are_compared_frame_by_frame(monkeypatch):
    """All at once would take as much memory as they do; those of another shape are not equal."""
    frames = np.arange(5 * 4 * 3.0).reshape(5, 4, 3)
    compared, equal = [], np.array_equal
    monkeypatch.setattr(np, "array_equal", lambda a, b: compared.append(a.ndim) or equal(a, b))
    other = frames.copy()
    assert planted._equal(frames, other)
    assert compared == [2] * 5
    other[4, 3, 2] += 1
    assert not planted._equal(frames, other)
    compared.clear()
    assert planted._equal(frames, frames)
    assert compared == [], "what is the same array is compared"
    assert not planted._equal(frames, frames[:4])
    assert not planted._equal(frames[:4], frames)
    assert planted._equal(frames[0], frames[0].copy())


def scan_at(*positions: float) -> Scan:
    """A scan at these columns, in one row."""
    x, nothing = np.array(positions), np.zeros((1, 1), complex)
    frames = np.zeros((len(x), 1, 1))
    return Scan(frames=frames, x=x, y=np.zeros(len(x)), probe=nothing, obj=nothing)


def test_frames_that_have_changed_places_are_asked_first():
    """Each with the other; or one that moved, with that whose place is nearest to where it was."""
    was = scan_at(0, 10, 20, 33, 40, 50)
    swapped = scan_at(0, 40, 20, 33, 10, 50)
    assert sorted(planted._likely(swapped, was)[:2].tolist()) == [1, 4]
    moved = scan_at(0, 10, 20, 27, 40, 50)
    assert planted._likely(moved, was)[:2].tolist() == [3, 4]
    for scan in (swapped, moved):
        assert sorted(planted._likely(scan, was)) == list(range(6)), "not each once"
    assert planted._likely(scan_at(1, 12), scan_at(0, 10)).tolist() == [1, 0]


def test_frames_in_the_order_that_they_have(monkeypatch):
    """Where nothing is known of where they were, there is one, or too many to look at all pairs."""
    order = scan_at(3, 2, 1, 0)
    was = scan_at(0, 1, 2, 3)
    assert planted._likely(order, was).tolist() != [0, 1, 2, 3], "the order that they have anyway"
    assert planted._likely(order, None).tolist() == [0, 1, 2, 3]
    assert planted._likely(scan_at(4), scan_at(5)).tolist() == [0]
    monkeypatch.setattr(planted, "_FEW_POSITIONS", 4)
    assert planted._likely(order, was).tolist() != [0, 1, 2, 3], "so many are few"
    monkeypatch.setattr(planted, "_FEW_POSITIONS", 3)
    assert planted._likely(order, was).tolist() == [0, 1, 2, 3]


@pytest.mark.parametrize("likely", [None, np.arange(16)[::-1]])
def test_a_misplaced_frame_is_found_among_the_likely_ones_or_the_others(small, likely):
    """And none is where there is none."""
    noise = Noise(kind="poisson", photon_scale=1e4)
    models = planted._Models(stack=small.frames, light=lambda: small.x, likely=likely)
    assert planted._is_misplaced(small.frames, models, noise) is False
    for one, other in ((1, 2), (1, 15), (14, 15)):
        order = np.arange(16)
        order[[one, other]] = other, one
        assert planted._is_misplaced(small.frames[order], models, noise) is True, (one, other)


@pytest.mark.parametrize("kind", ["none", "measured"])
def test_misfits_of_a_few_frames_are_those_of_all(monkeypatch, kind):
    """A frame that misses its model is found in whichever part it is."""
    monkeypatch.setattr("registry.ptychography.stack.PART", 2 * 4 * 4)
    model = 1 + np.random.default_rng(1).random((9, 4, 4))
    noise, wrong = Noise(kind=kind), model.copy()
    assert planted._misfits(model, model, noise) == []
    for n in (0, 8):
        frames = wrong.copy()
        frames[n] *= 1.1
        (failure,) = planted._misfits(frames, model, noise)
        assert failure.criterion == "chi-square"


def test_a_shift_that_a_few_frames_tell_is_held_against_no_others(sound, schemas, monkeypatch):
    """Which criterion refuses a step of the ladder is not asked; what refuses it is, to the end."""
    arrays, noise = sound(16, "1e6 photons")
    criteria = planted.Criteria.of(arrays, noise, schemas)
    made, amplitude = [], Forward.amplitude
    monkeypatch.setattr(
        Forward, "amplitude", lambda self, x, y: made.extend(x) or amplitude(self, x, y)
    )
    for distance, count in {1.0: 8, 2.0**-10: 16}.items():
        made.clear()
        moved = shifted(distance, 0.0)(arrays)
        is_refused = criteria.refuses(moved, alternatives=False)
        assert len(made) == count, f"{distance}: models of {len(made)} positions"
        assert is_refused == bool(list(filter(None, criteria._trials(moved, alternatives=False))))


@pytest.mark.parametrize(
    "level", ["1e4 photons", pytest.param("1e5 photons, as measured", marks=pytest.mark.slow)]
)
def test_refused_is_refused_whether_it_is_named_or_not(sound, schemas, level):
    """In another order the same criteria are asked."""
    arrays, noise = sound(16, level)
    criteria = planted.Criteria.of(arrays, noise, schemas)
    for mistake in MISTAKES:
        if changed := mistake.plant(arrays):
            assert criteria.refuses(changed) == bool(criteria.refusing(changed)), mistake.name


def test_words_are_not_looked_for(sound, schemas, monkeypatch):
    """The criterion that refuses is all that is recorded, and to find words takes far longer."""
    arrays, noise = sound(16, "1e4 photons")
    criteria = planted.Criteria.of(arrays, noise, schemas)
    monkeypatch.setattr(schema, "problems", None)
    assert criteria._contract(shifted(0.5, 0.0)(arrays), arrays) == []
    wrong = {"xcoords": arrays["xcoords"].astype("<f4")}
    (failure,) = criteria._contract(wrong, {**arrays, **wrong})
    assert failure.criterion == "contract: xcoords.dtype"


def test_models_that_there_are_are_not_made_once_more(sound, schemas, monkeypatch):
    """Those that a fixture was accepted by serve for its mistakes, too."""
    arrays, noise = sound(16, "1e6 photons")
    model = modelled(arrays)
    monkeypatch.setattr(Forward, "amplitude", lambda *_: pytest.fail("made once more"))
    criteria = planted.Criteria.of(arrays, noise, schemas, model=model)
    assert criteria.models.stack is model


@pytest.mark.parametrize("axis", ["x", "y"])
@pytest.mark.parametrize(("edge", "sign"), [("low", 1), ("high", -1)])
def test_a_shift_goes_to_where_there_is_room(sound, axis, edge, sign):
    """A scan on the edge of its object is not said to see what only leaves the object."""
    arrays, _ = sound(16, "noise-free")
    key, size = f"{axis}coords", arrays["objectGuess"].shape[axis == "x"]
    values = arrays[key]
    room = 32 - values.min() if edge == "low" else size - 32 - values.max()
    arrays[key] = values + room
    moved = planted._towards_room(0.5, axis, arrays)
    np.testing.assert_array_equal(moved[key], arrays[key] + sign * 0.5)
    other = "ycoords" if axis == "x" else "xcoords"
    np.testing.assert_array_equal(moved[other], arrays[other], "the other axis moves, too")


def test_patches_find_what_moves_positions(sound, schemas):
    """Where a fixture has them they tell, whatever the noise."""
    arrays, noise = sound(16, "1e5 photons, as measured")
    scan = as_scan(arrays)[0]
    arrays["Y"] = object_patches(scan.obj, scan.x, scan.y, scan.shape).astype("<c8")
    recorded = planted.record(arrays, noise, schemas)
    assert recorded["found"]["drift"] == ["patches"], "drift is not found by the patches"


def test_a_probe_with_modes(sound, schemas):
    """Mistakes of the probe are planted in its modes, and found."""
    arrays, noise = sound(16, "noise-free")
    probe = arrays["probeGuess"]
    arrays["probeGuess"] = np.stack([probe, 0.4 * probe[::-1] * np.arange(64)]).astype("<c8")
    arrays["diffraction"] = as_scan(arrays)[0].model().astype("<f4")
    recorded = planted.record(arrays, noise, schemas, "data_001_v2.schema.json")
    assert recorded["missed"] == [], "missed where there is no noise"
    assert recorded["none"] == [], "nothing to plant in modes"


def test_without_an_object_the_form_is_all_there_is(sound, schemas):
    """What `accept` asks of a source without an object, and nothing else."""
    arrays, _ = sound(16, "1e4 photons")
    arrays["objectGuess"] = np.ones_like(arrays["objectGuess"])
    recorded = planted.record(arrays, None, schemas)
    criteria = {name for names in recorded["found"].values() for name in names}
    assert {name.partition(":")[0] for name in criteria} == {
        "contract",
        "distinct",
        "inside",
        "physics",
    }, "criteria that need an object"
    assert "permuted_frames" in recorded["missed"], "found by what is not asked"
    assert recorded["smallest"] == {}, "a shift that is found without an object"


def test_a_probe_without_light_is_refused_as_acceptance_does(sound, schemas, refusing):
    """A model in the dark ends the trial."""
    arrays, noise = sound(16, "1e4 photons")
    criteria = planted.Criteria.of(arrays, noise, schemas)
    dark = {"probeGuess": np.zeros_like(arrays["probeGuess"])}
    assert criteria.refusing(dark) == sorted(refusing(arrays, dark, noise)), "dark is not told"
