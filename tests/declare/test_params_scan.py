"""Tests of what `params.yaml` may declare of scans in files, by the generators here."""

from __future__ import annotations

from registry.declare import params
from tests.kit.repository import REPOSITORY

S3 = {"url": "s3://bucket/folder/scan@2.cxi", "format": "cxi"}
SIGNS = ("x_sign", "y_sign")
MAP = {f"map_{name}": 1.5 for name in ("xx", "xy", "x0", "yx", "yy", "y0")}
GOOD = {
    "generator": "scan_v2",
    "licence": "MIT",
    "path": "private/scan.npz",
    "sha256": "0" * 64,
    "format": "npz",
    "diffraction": "data[0]",
    "measurement": "intensity",
    "normalisation": 1000,
    "noise": "measured",
    "zero_frequency": "corner",
    "crop": 64,
    "x_sign": 1,
    "y_sign": -1,
    "object": "reconstruct",
}
SIMULATED = {
    "generator": "simulate_scan_v1",
    "licence": "MIT",
    "path": "private/product.h5",
    "sha256": "0" * 64,
    "format": "ptychodus",
    "x_sign": 1,
    "y_sign": 1,
    "origin": "file",
    "seed": 1,
}


def problems(entry: dict, *without: str, **changes) -> list[str]:
    """Every rule that a source's entry breaks."""
    kept = {key: value for key, value in {**entry, **changes}.items() if key not in without}
    found = params.problems(
        {"folder": "data", "sources": {"mine": kept}, "fixtures": {}}, REPOSITORY
    )
    # the entry as a whole has no key
    return [str(item).removeprefix("sources.mine").lstrip(".: ") for item in found]


GOOD_SCANS = [
    ((), {}),
    (("path",), {"url": "https://host/scan.npz?x=1&y=2"}),
    (("path",), {"url": "file:///folder/scan.npz"}),
    (("sha256",), {"blob": "0" * 40}),
    (SIGNS, MAP),
    ((), {"swap_axes": True}),
    (("normalisation",), {"measurement": "amplitude"}),
    (("normalisation",), {"measurement": "amplitude", "noise": "poisson", "photon_scale": 9.5}),
    ((), {"noise": "poisson"}),
    ((), {"object": "file", "origin": "middle", "probe_scale": "frames"}),
    ((), {"object": "ones"}),
    ((), {"sweeps": 5, "sample": 100, "modes": "all"}),
    ((), {"zero_frequency": "centre", "zero_row": 65, "zero_column": 60}),
    ((), {"bin": 2, "crop": 128}),
    ((), {"format": "cxi", "wavelength_m": 1e-10, "distance_m": 2, "detector_pixel_m": 75e-6}),
    ((), {"layout": "legacy"}),
    ((), {"frames": 64}),
    (("path",), S3),
    (("path", "sha256"), {**S3, "etag": "9b2c-16", "version_id": "3/L4k", "frames": 64}),
    (("path",), {"url": "https://host/scan.cxi", "format": "cxi", "ranges": True}),
    (("path", "sha256"), {"url": "https://host/scan.cxi", "format": "cxi", "etag": "a1"}),
    (("path",), {"url": "https://host/scan.npz", "ranges": False}),
]


def test_what_may_be_declared():
    """Each of these is a scan that somebody has."""
    for without, changes in GOOD_SCANS:
        assert problems(GOOD, *without, **changes) == [], f"without {without}, with {changes}"


BAD_SCANS = [
    *(((key,), {}, f"{key}: expected a value; found none")
      for key in ("format", "measurement", "noise", "zero_frequency", "object", "licence")),
    (("path",), {}, "expected path or url, one of the two"),
    ((), {"url": "https://host/x"}, "expected path or url, one of the two"),
    (("sha256",), {}, "expected sha256 or blob (what git hash-object prints), or et"),
    ((), {"blob": "0" * 40}, "expected sha256 or blob"),
    (("x_sign",), {}, "expected x_sign and y_sign; or map_xx, "),
    ((), MAP, "expected x_sign and y_sign; or map_xx, "),
    (SIGNS, {**MAP, "swap_axes": True}, "expected x_sign and y_sign; or map_xx, "),
    (SIGNS, {"map_xx": 1}, "expected x_sign and y_sign; or map_xx, "),
    (("normalisation",), {}, "normalisation: expected a value; found none"),
    ((), {"measurement": "amplitude"}, "normalisation: expected no normalisation, which measu"),
    ((), {"photon_scale": 1}, "photon_scale: expected no photon_scale, which only noise: poi"),
    (("normalisation",), {"measurement": "amplitude", "noise": "poisson"},
     "photon_scale: expected a value; found none"),
    ((), {"object": "file"}, "origin: expected a value; found none"),
    ((), {"origin": "corner"}, "origin: expected no origin, which object: file alone has"),
    ((), {"probe_scale": "file"}, "probe_scale: expected no probe_scale, which object: file a"),
    ((), {"object": "ones", "sweeps": 2}, "sweeps: expected no sweeps, which object: reconst"),
    ((), {"zero_row": 3}, "zero_row: expected no zero_row, which zero_frequency: centre alon"),
    ((), {"format": "cxi", "layout": "legacy"}, "layout: expected no layout, which format: np"),
    ((), {"format": "ptychodus"}, 'format: expected one of "npz", "cxi", "ptyd"'),
    ((), {"crop": 100}, "crop: expected a multiple of 64; found 100"),
    ((), {"bin": 0}, "bin: expected at least 1; found 0"),
    ((), {"x_sign": 2}, "x_sign: expected one of 1, -1; found 2"),
    ((), {"sample": 3000}, "sample: expected at most 2048; found 3000"),
    ((), {"sample": 8}, "sample: expected at least 16; found 8"),
    ((), {"normalisation": 0}, "normalisation: expected more than 0; found 0"),
    ((), {"wavelength_m": 12.4}, "wavelength_m: expected less than 1; found 12.4"),
    ((), {"diffraction": "--help"}, "diffraction: expected where an array is in the file"),
    ((), {"url": "ftp://host/x"}, "url: expected an address that starts with https://"),
    (("path",), {"url": "s3://key:secret@bucket/scan.cxi"}, "url: expected an address that starts"),
    (("path",), {"url": "s3://bucket"}, "url: expected an address that starts with https://"),
    ((), {"ranges": True}, "ranges: expected no ranges, which url alone has"),
    (("sha256",), {"etag": "a1"}, "etag: expected no etag, which url alone has"),
    (("path", "sha256"), {"url": "file:///scan.cxi", "etag": "a1", "format": "cxi"},
     "etag: expected no etag, which no file:// has"),
    (("path",), {"url": "https://host/scan.cxi", "version_id": "a1", "format": "cxi"},
     "version_id: expected no version_id, which s3:// alone has"),
    *(((("path", *without)), {"url": url, **changes},
       "format: expected an HDF5 format, of which parts can be read: not npz")
      for url, without, changes in (("s3://bucket/scan.npz", (), {}),
                                    ("https://host/scan.npz", (), {"ranges": True}),
                                    ("https://host/scan.npz", ("sha256",), {"etag": "a1"}))),
    (("path", "sha256"), {**S3, "etag": '"a1"'}, "etag: expected an ETag without its quotes"),
    (("path", "sha256"), {**S3, "etag": "-a1"}, "etag: expected an ETag without its quotes"),
    ((), {"frames": 8}, "frames: expected at least 16; found 8"),
    ((), {"colour": "red"}, "colour: expected one of the known keys ("),
]  # fmt: skip


def test_what_may_not_be_declared():
    """What contradicts itself or is not enough is refused before anything runs."""
    for without, changes, message in BAD_SCANS:
        found = problems(GOOD, *without, **changes)
        case = f"without {without}, with {changes}: {found}"
        assert any(line.startswith(message) for line in found), case


def test_a_scan_to_be_simulated():
    """A reconstruction in any format, with what is declared of its positions."""
    assert problems(SIMULATED) == []
    assert problems(SIMULATED, "seed", "origin") == [
        "origin: expected a value; found none",
        "seed: expected a value; found none",
    ]
    (found,) = problems(SIMULATED, "y_sign")
    assert found.startswith("expected x_sign and y_sign; or map_xx"), found
