"""Tests of `registry.ptychography.readers.cxi`, and of HDF5 files that are damaged or hostile."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from registry.errors import CheckError, MissingError
from registry.ptychography.readers import arrays, hdf5, open_scan

h5py = pytest.importorskip("h5py", reason="the hdf5 extra is not installed")

DETECTOR = "/entry_1/instrument_1/detector_1"
SOURCE = "/entry_1/instrument_1/source_1"
TRANSLATION = "/entry_1/sample_1/geometry_1/translation"
ENERGY_J = 1.2398419843320028e-15  # 7738.4 eV, about 0.16 nm


@pytest.fixture
def write(tmp_path, small):
    """Write the scan as the format prescribes, let a function change it, and return the path."""

    def write(change: Callable[[h5py.File], None] = lambda file: None) -> Path:
        path = tmp_path / "scan.cxi"
        with h5py.File(path, "w") as file:
            file["cxi_version"] = 160
            file.create_dataset(f"{DETECTOR}/data", data=small.frames, chunks=(1, 8, 10))
            file["/entry_1/data_1/data"] = h5py.SoftLink(f"{DETECTOR}/data")
            file[f"{DETECTOR}/distance"] = 0.72
            file[f"{DETECTOR}/x_pixel_size"] = 55e-6
            file[f"{DETECTOR}/y_pixel_size"] = 75e-6
            file[f"{DETECTOR}/mask"] = np.where(small.mask, 0, 4).astype("<u4")
            file[f"{DETECTOR}/data_dark"] = small.dark
            file[f"{SOURCE}/energy"] = ENERGY_J
            file[f"{SOURCE}/probe"] = small.probe
            file[TRANSLATION] = np.stack([small.x * 1e-6, -small.y * 1e-6, 0 * small.x], axis=1)
            file["/entry_1/data_1/translation"] = h5py.SoftLink(TRANSLATION)
            change(file)
        return path

    return write


def replace(name: str, value: object, units: str | None = None) -> Callable[[h5py.File], None]:
    """Put another value in place of a dataset, maybe with a unit."""

    def change(file: h5py.File) -> None:
        if name in file:
            del file[name]
        file[name] = value
        if units is not None:
            file[name].attrs["units"] = units

    return change


def remove(*names: str) -> Callable[[h5py.File], None]:
    """Leave datasets out."""

    def change(file: h5py.File) -> None:
        for name in names:
            del file[name]

    return change


class TestScan:
    """What a CXI file holds, where the format has it."""

    def test_everything(self, write, small):
        """Arrays and figures come out in their units, with their place in words."""
        with open_scan(write(), format="cxi", subject="source s") as scan:
            assert scan.frames.shape == (12, 8, 10)
            np.testing.assert_array_equal(scan.frames.read([10, 1]), small.frames[[10, 1]])
        np.testing.assert_array_equal(scan.probe, small.probe)
        np.testing.assert_array_equal(scan.mask, small.mask)
        np.testing.assert_array_equal(scan.dark, small.dark)
        assert (scan.format, scan.position_unit, scan.distance_m) == ("cxi", "m", 0.72)
        assert scan.wavelength_m == pytest.approx(1.602176634e-10, rel=1e-9)
        assert scan.detector_pixel_m == (75e-6, 55e-6), "not (row, column)"
        assert scan.obj is None, "an object was invented"
        assert scan.provenance == {
            "diffraction": "dataset /entry_1/data_1/data",
            "probeGuess": f"dataset {SOURCE}/probe",
            "mask": f"dataset {DETECTOR}/mask, good where 0 (or 0x1000: signal above background)",
            "dark": f"dataset {DETECTOR}/data_dark",
            "xcoords": f"dataset {TRANSLATION}[:,0]",
            "ycoords": f"dataset {TRANSLATION}[:,1]",
            "wavelength_m": f"dataset {SOURCE}/energy, an energy in J",
            "distance_m": f"dataset {DETECTOR}/distance",
            "detector_pixel_m": f"datasets y_pixel_size and x_pixel_size in {DETECTOR}, "
            "or either for both",
        }

    def test_signs_are_those_of_the_file(self, write, small):
        """No reader decides which sign convention a file follows."""
        with open_scan(write(), format="cxi", subject="source s") as scan:
            pass
        np.testing.assert_array_equal(scan.x, small.x * 1e-6)
        np.testing.assert_array_equal(scan.y, -small.y * 1e-6)

    @pytest.mark.parametrize(
        "names",
        [("/entry_1/data_1/data", "/entry_1/data_1/translation"), ("/entry_1/data_1",)],
    )
    def test_without_links(self, names, write, small):
        """Files that lack the links in data_1 are read where the data lie."""
        with open_scan(write(remove(*names)), format="cxi", subject="source s") as scan:
            np.testing.assert_array_equal(scan.frames.read([3]), small.frames[[3]])
        np.testing.assert_array_equal(scan.x, small.x * 1e-6)

    def test_translations_of_the_data_alone(self, write, small):
        """Translations that are in data_1 only are found there."""
        shift = np.stack([small.x, small.y], axis=1) * 1e-6

        def change(file: h5py.File) -> None:
            remove("/entry_1/sample_1", "/entry_1/data_1/translation")(file)
            file["/entry_1/data_1/translation"] = shift

        with open_scan(write(change), format="cxi", subject="source s") as scan:
            pass
        np.testing.assert_array_equal(scan.y, shift[:, 1])

    def test_a_wavelength_serves_as_well(self, write):
        """Without an energy, the wavelength is read."""

        def change(file: h5py.File) -> None:
            remove(f"{SOURCE}/energy")(file)
            file[f"{SOURCE}/wavelength"] = np.float32(1.5e-10)

        with open_scan(write(change), format="cxi", subject="source s") as scan:
            assert scan.wavelength_m == pytest.approx(1.5e-10, rel=1e-7)
            assert scan.provenance["wavelength_m"] == f"dataset {SOURCE}/wavelength"

    def test_one_energy_for_each_frame(self, write):
        """Energies that are equal but for a percent are one energy, their mean."""
        energies = ENERGY_J * np.linspace(0.999, 1.001, 12)
        with open_scan(
            write(replace(f"{SOURCE}/energy", energies)), format="cxi", subject="source s"
        ) as scan:
            assert scan.wavelength_m == pytest.approx(1.602176634e-10, rel=1e-9)

    @pytest.mark.parametrize(("present", "pitch"), [("x", 55e-6), ("y", 75e-6)])
    def test_one_pixel_size_is_both(self, present, pitch, write):
        """Many files say the pitch along one axis only: it holds for the other, too."""
        absent = {"x": "y", "y": "x"}[present]
        path = write(remove(f"{DETECTOR}/{absent}_pixel_size"))
        with open_scan(path, format="cxi", subject="source s") as scan:
            assert scan.detector_pixel_m == (pitch, pitch)

    def test_little_is_needed(self, write):
        """Frames alone make a scan; what the file does not say is None."""
        path = write(remove(DETECTOR + "/mask", f"{DETECTOR}/data_dark", f"{DETECTOR}/distance",
                            f"{DETECTOR}/x_pixel_size", f"{DETECTOR}/y_pixel_size", SOURCE,
                            "/entry_1/sample_1"))  # fmt: skip
        with open_scan(path, format="cxi", subject="source s") as scan:
            found = (scan.mask, scan.dark, scan.distance_m, scan.detector_pixel_m, scan.probe)
            assert found == (None,) * 5, "something was invented"
            assert (scan.wavelength_m, scan.x, scan.y) == (None,) * 3, "something was invented"

    def test_mask_bits(self, write):
        """A pixel is good where no bit is set, or only the one that says it has signal."""
        mask = np.zeros((8, 10), "<u4")
        mask[0, :6] = [0x1000, 0x1, 0x2, 0x1001, 0x8000, 0x800]
        path = write(replace(f"{DETECTOR}/mask", mask))
        with open_scan(path, format="cxi", subject="source s") as scan:
            assert scan.mask[0, :7].tolist() == [True, False, False, False, False, False, True]

    def test_a_boolean_mask_is_true_where_bad(self, write, small):
        """A boolean mask follows the same convention: what is set is bad."""
        path = write(replace(f"{DETECTOR}/mask", ~small.mask))
        with open_scan(path, format="cxi", subject="source s") as scan:
            np.testing.assert_array_equal(scan.mask, small.mask)

    def test_several_darks_are_averaged(self, write, small):
        """Of several dark frames the mean is taken, and this is on record."""
        path = write(replace(f"{DETECTOR}/data_dark", np.stack([small.dark, small.dark + 1])))
        with open_scan(path, format="cxi", subject="source s") as scan:
            np.testing.assert_allclose(scan.dark, small.dark + 0.5, rtol=1e-15)
            assert scan.provenance["dark"].endswith("data_dark, mean of 2 frames")

    def test_declared_keys(self, write, small):
        """Arrays may be anywhere: an object, a part of a larger array."""

        def change(file: h5py.File) -> None:
            file["/entry_1/image_1/data"] = small.obj[None]
            file["/other/frames"] = np.stack([0 * small.frames, small.frames], axis=1)
            file["/other/x"] = np.stack([0 * small.x, small.x * 1e-6])

        keys = {
            "objectGuess": "/entry_1/image_1/data[0]",
            "diffraction": "other/frames[:,1]",
            "xcoords": "/other/x[1]",
        }
        path = write(change)
        with open_scan(path, format="cxi", keys=keys, subject="source s") as scan:
            np.testing.assert_array_equal(scan.frames.read([8, 0]), small.frames[[8, 0]])
        np.testing.assert_array_equal(scan.obj, small.obj)
        np.testing.assert_array_equal(scan.x, small.x * 1e-6)
        assert scan.provenance["diffraction"] == "dataset other/frames[:,1]"

    @pytest.mark.parametrize("dtype", [">f8", ">u2"])
    def test_foreign_byte_order(self, dtype, write, small):
        """Frames come in the machine's byte order, whatever that of the file."""
        path = write(replace(f"{DETECTOR}/data", small.frames.astype(dtype)))
        with open_scan(path, format="cxi", subject="source s") as scan:
            found = scan.frames.read([2, 4])
        assert found.dtype == np.dtype(dtype).newbyteorder("="), "the byte order is foreign"
        assert found.dtype == scan.frames.dtype, "another dtype was announced"
        np.testing.assert_array_equal(found, small.frames[[2, 4]])


class TestLaziness:
    """Only what is asked for is read."""

    @pytest.fixture
    def packed(self, write, small):
        """A scan packed in chunks of three frames, where only those of 3 to 5 can be unpacked."""

        def change(file: h5py.File) -> None:
            del file[f"{DETECTOR}/data"]
            data = file.create_dataset(
                f"{DETECTOR}/data", data=small.frames, chunks=(3, 8, 10), compression="gzip"
            )
            for start in (0, 6, 9):
                data.id.write_direct_chunk((start, 0, 0), b"this is no deflate stream")

        return write(change)

    def test_other_chunks_are_not_touched(self, packed, small):
        """Frames are read though all chunks but theirs are damaged."""
        with open_scan(packed, format="cxi", subject="source s") as scan:
            np.testing.assert_array_equal(scan.frames.read([5, 3]), small.frames[[5, 3]])

    def test_damage_is_reported_where_it_is_read(self, packed, refused):
        """A damaged chunk is an error when it is wanted."""
        error = refused(packed, CheckError, read=7, format="cxi")
        assert error.subject == "source s: /entry_1/data_1/data"

    def test_each_chunk_is_unpacked_once(self, write, small, reads):
        """Frames of one chunk are read together, whatever their order."""

        def change(file: h5py.File) -> None:
            del file[f"{DETECTOR}/data"]
            file.create_dataset(f"{DETECTOR}/data", data=small.frames, chunks=(4, 8, 10))

        with open_scan(write(change), format="cxi", subject="source s") as scan:
            read = reads()
            found = scan.frames.read([9, 0, 2, 11, 0])
        assert [taken for _, taken in read] == [slice(0, 3), slice(9, 12)], (
            "chunks were read in other parts"
        )
        np.testing.assert_array_equal(found, small.frames[[9, 0, 2, 11, 0]])

    def test_a_sequence_is_read_in_one_go(self, write, small, reads, monkeypatch):
        """Frames that follow each other are read together up to a limit of memory."""
        monkeypatch.setattr(hdf5, "_RUN_BYTES", 5 * 8 * 10 * 4)
        with open_scan(write(), format="cxi", subject="source s") as scan:
            read = reads()
            found = scan.frames.read(range(12))
        expected = [slice(0, 5), slice(5, 10), slice(10, 12)]
        assert [taken for _, taken in read] == expected, "not read in runs of five"
        np.testing.assert_array_equal(found, small.frames)


class TestUnits:
    """A number that cannot be in the format's unit is refused, and the unit is named."""

    @pytest.mark.parametrize(
        ("name", "value", "wanted", "guess"),
        [
            (f"{SOURCE}/energy", 7738.4, "in J", "in eV"),
            (f"{SOURCE}/energy", 7.7384, "in J", "in eV or keV"),
            (f"{SOURCE}/energy", 0.0, "in J", "0"),
            (f"{SOURCE}/energy", -ENERGY_J, "in J", "-1.23984e-15"),
            (f"{SOURCE}/wavelength", 0.16, "in metres", "in µm or nm or Å"),
            (f"{SOURCE}/wavelength", 1.6, "in metres", "in µm or nm or Å"),
            (f"{DETECTOR}/distance", 720.0, "in metres", "in mm or µm"),
            (f"{DETECTOR}/distance", -0.72, "in metres", "-0.72"),
            (f"{DETECTOR}/x_pixel_size", 55.0, "in metres", "in µm"),
            (f"{DETECTOR}/y_pixel_size", 0.055, "in metres", "in mm"),
        ],
    )
    def test_a_wrong_magnitude(self, name, value, wanted, guess, write, refused):
        """The message has the value, the unit of the format and the units it may be in."""
        path = write(replace(name, value))
        error = refused(path, CheckError, format="cxi")
        assert error.subject == f"source s: {name}"
        assert wanted in error.expected, "the format's unit is not named"
        assert error.found.endswith(guess), "the likely unit is not named"

    @pytest.mark.parametrize(("scale", "guess"), [(1.0, "in µm"), (1e3, "in nm or Å")])
    def test_positions_in_micrometres(self, scale, guess, write, small, refused):
        """Positions that span metres are in another unit."""
        shift = np.stack([small.x, small.y], axis=1) * scale
        error = refused(write(replace(TRANSLATION, shift)), CheckError, format="cxi")
        assert error.subject == f"source s: {TRANSLATION}[:,0]"
        assert error.found.endswith(guess), "the likely unit is not named"

    @pytest.mark.parametrize(
        ("name", "value", "unit"),
        [
            (f"{SOURCE}/energy", ENERGY_J, "keV"),
            (f"{DETECTOR}/distance", 0.72, "mm"),
            (f"{DETECTOR}/x_pixel_size", 55e-6, "um"),
            (TRANSLATION, np.zeros((12, 2)), "um"),
        ],
    )
    def test_a_declared_unit_that_the_format_does_not_have(self, name, value, unit, write, refused):
        """A file that says it is not in SI units is believed, and refused."""
        error = refused(write(replace(name, value, unit)), CheckError, format="cxi")
        assert (error.subject, error.found) == (f"source s: {name}", f"units = {unit!r}")

    def test_declared_si_units(self, write):
        """Units that the format prescribes may be declared."""

        def change(file: h5py.File) -> None:
            file[f"{SOURCE}/energy"].attrs["units"] = "J"
            file[f"{DETECTOR}/distance"].attrs["units"] = np.bytes_("m")
            file[TRANSLATION].attrs["units"] = "meter"

        with open_scan(write(change), format="cxi", subject="source s") as scan:
            assert scan.distance_m == 0.72

    def test_energy_and_wavelength_disagree(self, write, refused):
        """Two figures for one wavelength have to be one."""
        error = refused(write(replace(f"{SOURCE}/wavelength", 1.7e-10)), CheckError, format="cxi")
        assert "1.602e-10 m" in error.found, "one of the two is not shown"
        assert "1.7e-10 m" in error.found, "one of the two is not shown"

    @pytest.mark.parametrize(
        "value", [np.nan, np.inf, "7.7 keV", [], np.linspace(1, 2, 12) * ENERGY_J, 1j]
    )
    def test_what_is_no_energy(self, value, write, refused):
        """Text, nothing, many values, and what is not finite are no energy."""
        name = f"{SOURCE}/energy"
        assert refused(write(replace(name, value)), CheckError, format="cxi").subject.endswith(name)


class TestHostile:
    """Files that lead elsewhere, claim too much, or are damaged."""

    @pytest.fixture
    def other(self, tmp_path, small):
        """Another file with frames."""
        with h5py.File(tmp_path / "other.h5", "w") as file:
            file["data"] = small.frames
        return tmp_path / "other.h5"

    @pytest.mark.parametrize("through", ["frames", "group", "soft link"])
    def test_external_links(self, through, other, write, refused):
        """A link into another file is refused, on whatever way it is met."""

        def change(file: h5py.File) -> None:
            if through == "frames":
                del file["/entry_1/data_1/data"]
                file["/entry_1/data_1/data"] = h5py.ExternalLink(other, "/data")
            elif through == "group":
                del file["/entry_1/data_1"]
                file["/entry_1/data_1"] = h5py.ExternalLink(other, "/")
            else:
                del file["/entry_1/data_1/data"]
                file["/way"] = h5py.ExternalLink(other, "/")
                file["/entry_1/data_1/data"] = h5py.SoftLink("/way/data")

        error = refused(write(change), CheckError, format="cxi")
        assert error.found == f"an external link to {other}"

    def test_a_link_that_is_not_asked_for(self, other, write):
        """A link to elsewhere does no harm where nobody looks."""

        def change(file: h5py.File) -> None:
            file["/entry_1/notes"] = h5py.ExternalLink(other, "/data")

        with open_scan(write(change), format="cxi", subject="source s") as scan:
            assert scan.frames.shape == (12, 8, 10)

    def test_virtual_datasets(self, other, write, refused):
        """A dataset whose values lie in other files is refused."""

        def change(file: h5py.File) -> None:
            del file[f"{DETECTOR}/data"]
            layout = h5py.VirtualLayout((12, 8, 10), "f4")
            layout[:] = h5py.VirtualSource(other, "data", (12, 8, 10))
            file.create_virtual_dataset(f"{DETECTOR}/data", layout)

        assert refused(write(change), CheckError, format="cxi").found == "a virtual dataset"

    def test_external_storage(self, tmp_path, write, refused):
        """A dataset whose bytes lie in a raw file is refused."""

        def change(file: h5py.File) -> None:
            del file[f"{DETECTOR}/data"]
            file.create_dataset(
                f"{DETECTOR}/data", (12, 8, 10), "f4", external=[(tmp_path / "raw", 0, 3840)]
            )

        path = write(change)
        (tmp_path / "raw").write_bytes(bytes(3840))
        assert refused(path, CheckError, format="cxi").found == "raw data in another file"

    def test_more_than_fits_into_memory(self, write, refused, monkeypatch, in_this_process):
        """An array that nothing was written into takes no place in the file, and all in memory."""
        # so that none of this machine's is needed: what is admitted may still be too much
        monkeypatch.setattr(arrays, "MAX_BYTES", 1 << 80)

        def change(file: h5py.File) -> None:
            del file[f"{SOURCE}/probe"]
            file.create_dataset(f"{SOURCE}/probe", (1 << 25, 1 << 20), "c8", chunks=(64, 64))

        error = refused(write(change), CheckError, format="cxi")
        assert error.expected == "an array that fits into memory", error
        assert error.found == "33554432 × 1048576 of complex64", error

    @pytest.mark.parametrize("target", ["/entry_1/data_1/data", "/nowhere"])
    def test_links_in_a_circle_and_to_nowhere(self, target, write, refused):
        """A soft link that ends nowhere is refused, and does not hang."""

        def change(file: h5py.File) -> None:
            del file["/entry_1/data_1/data"], file[f"{DETECTOR}/data"]
            file["/entry_1/data_1/data"] = h5py.SoftLink(target)

        refused(write(change), CheckError, format="cxi")

    @pytest.mark.parametrize("what", ["references", "variable lengths", "text", "records", "null"])
    def test_what_are_no_numbers(self, what, write, refused):
        """Objects, text, records and nothing are no frames."""

        def change(file: h5py.File) -> None:
            name = f"{DETECTOR}/data"
            del file[name]
            if what == "references":
                file.create_dataset(name, (12, 8, 10), h5py.ref_dtype)
            elif what == "variable lengths":
                file.create_dataset(name, (12, 8, 10), h5py.vlen_dtype(np.float32))
            elif what == "text":
                file.create_dataset(name, (12, 8, 10), "S5")
            elif what == "records":
                file.create_dataset(name, (12, 8, 10), [("a", "f4"), ("b", "i2")])
            else:
                file.create_dataset(name, data=h5py.Empty("f4"))

        error = refused(write(change), CheckError, format="cxi")
        assert error.subject == "source s: /entry_1/data_1/data"

    @pytest.mark.parametrize(
        ("name", "shape", "chunks"),
        [
            ("data", (1 << 40, 8, 10), (1, 8, 10)),
            ("data", (12, 1 << 20, 1 << 20), (1, 64, 64)),
            ("data", (12, 80), (1, 80)),
            ("data", (12, 0, 10), (1, 8, 10)),
            ("mask", (1 << 20, 1 << 20), (64, 64)),
            ("data_dark", (1 << 30, 8, 10), (1, 8, 10)),
        ],
    )
    def test_absurd_shapes(self, name, shape, chunks, write, refused):
        """A claim of terabytes in a small file is refused before anything is allocated."""

        def change(file: h5py.File) -> None:
            del file[f"{DETECTOR}/{name}"]
            file.create_dataset(
                f"{DETECTOR}/{name}", shape, "f4", chunks=chunks, maxshape=(None,) * len(shape)
            )

        error = refused(write(change), CheckError, format="cxi")
        assert "shape" in error.found, "the shape is not shown"

    def test_chunks_that_fill_the_memory(self, write, refused):
        """A chunk of 1 GiB, which HDF5 would unpack whole for one frame, is refused."""

        def change(file: h5py.File) -> None:
            del file[f"{DETECTOR}/data"]
            shape, chunks = (12, 8, 10), (1 << 12, 256, 256)
            file.create_dataset(
                f"{DETECTOR}/data", shape, "f4", chunks=chunks, maxshape=(None,) * 3
            )

        error = refused(write(change), CheckError, format="cxi")
        assert error.expected.startswith("chunks of at most"), "refused for another reason"
        assert "h5repack" in error.remedy, "how to repack is not said"

    def test_a_missing_filter(self, write, refused, monkeypatch, in_this_process):
        """Frames packed by a filter that is not here: its number and how to get it are named."""

        def change(file: h5py.File) -> None:
            del file[f"{DETECTOR}/data"]
            creation = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
            creation.set_chunk((1, 8, 10))
            creation.set_filter(32099, h5py.h5z.FLAG_OPTIONAL, ())
            space = h5py.h5s.create_simple((12, 8, 10))
            h5py.h5d.create(file[DETECTOR].id, b"data", h5py.h5t.NATIVE_FLOAT, space, creation)

        monkeypatch.setitem(sys.modules, "hdf5plugin", None)
        error = refused(write(change), MissingError, format="cxi")
        assert error.found == "filter 32099 (without a name)"
        assert "pip install hdf5plugin" in error.remedy, "the package is not named"

    @pytest.mark.parametrize("part", [0.1, 0.5, 0.97])
    def test_truncated(self, part, write, refused):
        """A file that lacks its end is refused."""
        path = write()
        data = path.read_bytes()
        path.write_bytes(data[: int(part * len(data))])
        assert "truncated" in refused(path, CheckError, format="cxi").found, "the reason is lost"

    @pytest.mark.parametrize("data", [b"", b"no HDF5 at all", bytes(5000)])
    def test_what_is_no_hdf5(self, data, tmp_path, refused):
        """An empty file, text, and zeros are no scans."""
        (tmp_path / "scan.cxi").write_bytes(data)
        refused(tmp_path / "scan.cxi", CheckError, format="cxi")

    def test_a_file_of_another_kind(self, tmp_path, refused):
        """HDF5 without frames is refused, and says where they were looked for."""
        with h5py.File(tmp_path / "scan.cxi", "w") as file:
            file["entry/data"] = 1.0
        error = refused(tmp_path / "scan.cxi", CheckError, format="cxi")
        assert "/entry_1/data_1/data" in error.expected, "the place is not named"

    @pytest.mark.parametrize(
        ("shift", "subject"),
        [
            (np.zeros((11, 3)), "source s: positions"),
            (np.zeros((3, 12)), f"source s: {TRANSLATION}"),
            (np.full((12, 3), np.nan), f"source s: {TRANSLATION}[:,0]"),
        ],
    )
    def test_translations_that_do_not_fit(self, shift, subject, write, refused):
        """Too few, transposed or undefined translations are refused."""
        error = refused(write(replace(TRANSLATION, shift)), CheckError, format="cxi")
        assert error.subject == subject

    def test_legacy_layout_is_for_npz(self, write):
        """A layout that the format does not have is a wrong use, not a transposition."""
        with pytest.raises(Exception, match="layout for format cxi"):  # noqa: SIM117 reads better
            with open_scan(write(), format="cxi", layout="legacy", subject="source s"):
                pass

    def test_without_h5py(self, write, refused, monkeypatch, in_this_process):
        """Without the extra, the message says how to install it."""
        path = write()
        monkeypatch.setitem(sys.modules, "h5py", None)
        error = refused(path, MissingError, format="cxi")
        assert error.remedy == "pip install 'fixture-registry[hdf5]'"


@pytest.mark.slow
def test_cdtools_writes_what_is_read(tmp_path, small):
    """A file that cdtools writes gives back what it was given, translations with minus sign."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of libraries below it
        pytest.importorskip("cdtools", reason="pip install cdtools-py")
        import torch
        from cdtools.datasets import Ptycho2DDataset

        shift = np.stack([small.x, small.y, 0 * small.x], axis=1) * 1e-6
        geometry = {
            "distance": 0.72,
            # columns: along the detector's rows, along its columns
            "basis": np.array([[0, -55e-6], [-75e-6, 0], [0, 0]]),
            "corner": None,
        }
        dataset = Ptycho2DDataset(
            torch.tensor(shift, dtype=torch.float32),
            torch.tensor(small.frames),
            wavelength=1.6e-10,
            detector_geometry=geometry,
            mask=torch.tensor(small.mask),
            background=torch.tensor(small.dark, dtype=torch.float32),
        )
        dataset.to_cxi(tmp_path / "scan.cxi")
    with open_scan(tmp_path / "scan.cxi", format="cxi", subject="source s") as scan:
        np.testing.assert_array_equal(scan.frames.read([11, 4]), small.frames[[11, 4]])
    np.testing.assert_allclose(scan.x, -shift[:, 0], rtol=1e-6)
    np.testing.assert_allclose(scan.y, -shift[:, 1], rtol=1e-6)
    np.testing.assert_array_equal(scan.mask, small.mask)
    np.testing.assert_allclose(scan.dark, small.dark, rtol=1e-6)
    assert scan.wavelength_m == pytest.approx(1.6e-10, rel=1e-6)
    assert scan.distance_m == pytest.approx(0.72, rel=1e-6)
    assert scan.detector_pixel_m == pytest.approx((75e-6, 55e-6), rel=1e-6)
