"""Good, odd and hostile image bytes: the right pixels or an ImageError with the file's name, nothing else."""

import os
import random
import resource
import socket
import struct
import subprocess
import warnings
import zlib
from contextlib import suppress
from io import BytesIO

import numpy as np
import pytest
from PIL import Image, features
from PIL.PngImagePlugin import PngInfo

from lib.data.readers import formats
from lib.data.readers.errors import ImageError
from lib.data.readers.images import decode, split_of_files

EPS = b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 8 8\n%%EndComments\n(%pipe%touch owned) (w) file\nshowpage\n%%EOF\n"


def encoded(image, form="PNG", **options):
    buffer = BytesIO()
    image.save(buffer, form, **options)
    return buffer.getvalue()


def colours(mode="RGB", side=24):
    pixels = np.random.default_rng(0).integers(0, 256, (side, side, 4), np.uint8)
    image = Image.fromarray(pixels, "RGBA")
    return image.convert("RGB").convert(mode) if mode in ("CMYK", "YCbCr", "1", "P") else image.convert(mode)


def refused(data, text, tmp_path, name="a.png"):
    """The same message from a file and from bytes, as the hub's are."""
    file = tmp_path / name
    file.write_bytes(data)
    for source in (str(file), BytesIO(data)):
        with pytest.raises(ImageError, match=text) as error:
            decode(source, str(file))
        assert str(file) in str(error.value) and "object at 0x" not in str(error.value)


ORDINARY = [
    *((mode, "PNG", {}) for mode in ("RGB", "L", "LA", "RGBA", "P", "1")),
    *((mode, "JPEG", {}) for mode in ("RGB", "L", "CMYK")),
    *((mode, "TIFF", {}) for mode in ("RGB", "L", "LA", "RGBA", "P", "1", "CMYK", "YCbCr", "LAB")),
    *((mode, "WEBP", {"lossless": True}) for mode in ("RGB", "RGBA")),
    *((mode, "BMP", {}) for mode in ("RGB", "L", "P", "1")),
    *((mode, "PPM", {}) for mode in ("RGB", "L", "1")),
    ("P", "GIF", {"transparency": 3}),
    ("P", "PNG", {"transparency": 3}),
    ("P", "PNG", {"transparency": bytes(range(256))}),
    ("L", "PNG", {"transparency": 7}),
    ("RGB", "PNG", {"transparency": (1, 2, 3)}),
    ("RGB", "JPEG", {"progressive": True}),
]


@pytest.mark.parametrize(("mode", "form", "options"), ORDINARY)
def test_eight_bit_images_are_pillows_rgb_to_the_byte(mode, form, options, tmp_path):
    file = tmp_path / "a.jpg"  # the content counts, not the name
    file.write_bytes(encoded(colours(mode), form, **options))
    with warnings.catch_warnings(), Image.open(file) as image:
        warnings.simplefilter("ignore")
        expected = np.asarray(image.convert("RGB"))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        ours = split_of_files([str(file)], [0]).image(0)
    assert ours.mode == "RGB" and np.array_equal(np.asarray(ours), expected)


def test_an_adobe_cmyk_image_is_not_a_negative():
    """Pillow stores CMYK inverted, as Adobe's programs do, and reads it back so."""
    data = encoded(Image.new("CMYK", (8, 8), (0, 255, 255, 0)), "JPEG")
    red, green, blue = decode(BytesIO(data), "a.jpg").getpixel((4, 4))
    assert red > 200 > 60 > max(green, blue)


@pytest.mark.parametrize("form", ["GIF", "PNG", "WEBP", "TIFF", "MPO"])
def test_of_several_frames_the_first_is_read(form):
    frames = [Image.new("RGB", (8, 8), colour) for colour in ("red", "blue")]
    data = encoded(
        frames[0], form, save_all=True, append_images=frames[1:], **({"quality": 95} if form == "MPO" else {})
    )
    red, _, blue = decode(BytesIO(data), "a").getpixel((4, 4))
    assert red > 240 and blue < 10


def ramp(kind):
    return np.arange(65536, dtype=kind).reshape(256, 256)


def test_sixteen_bits_of_grey_become_eight():
    expected = np.round(ramp("f8") / 257).astype(np.uint8)
    sources = {
        "png": encoded(Image.fromarray(ramp("<u2"))),
        "tiff": encoded(Image.fromarray(ramp("<u2")), "TIFF"),
        "big-endian tiff": encoded(Image.fromarray(ramp(">u2")), "TIFF"),
        "pgm": b"P5 256 256 65535\n" + ramp(">u2").tobytes(),
    }
    for name, data in sources.items():
        ours = np.asarray(decode(BytesIO(data), name))
        assert np.array_equal(ours, np.repeat(expected[..., None], 3, axis=2)), name
    ends = decode(BytesIO(encoded(Image.fromarray(np.array([[0, 257 * 8, 65535]], np.uint16)))), "a")
    assert [ends.getpixel((x, 0))[0] for x in range(3)] == [0, 8, 255]


def test_grey_values_without_a_known_range_are_refused(tmp_path):
    refused(encoded(Image.fromarray(np.ones((4, 4), np.float32)), "TIFF"), "mode F.*expected 8 or 16 bits", tmp_path)
    refused(encoded(Image.fromarray(np.ones((4, 4), np.int32)), "TIFF"), "mode I .*expected 8 or 16 bits", tmp_path)
    zero_is_white = encoded(Image.fromarray(np.ones((4, 4), np.uint16)), "TIFF", tiffinfo={262: 0})
    refused(zero_is_white, "mode I;16 {262: 0}", tmp_path)


def test_no_format_that_starts_a_program_is_read(tmp_path, monkeypatch):
    def started(*_, **__):
        raise AssertionError("a program was started")

    for name in ("check_call", "check_output", "run", "Popen", "call"):
        monkeypatch.setattr(subprocess, name, started)
    monkeypatch.setattr(os, "system", started)
    refused(EPS, "got none of the formats JPEG, PNG", tmp_path, "a.jpg")
    refused(b"\xc5\xd0\xd3\xc6" + struct.pack("<II", 32, len(EPS)) + bytes(20) + EPS, "none of the formats", tmp_path)
    assert set(formats.FORMATS) == {"JPEG", "PNG", "PPM", "BMP", "TIFF", "WEBP", "GIF"}


def test_fifos_and_their_like_are_never_opened(tmp_path):
    os.mkfifo(tmp_path / "fifo.png")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(tmp_path / "socket.png"))
    (tmp_path / "folder.png").mkdir()
    (tmp_path / "zero.png").symlink_to("/dev/zero")
    for name in ("fifo", "socket", "folder", "zero"):
        with pytest.raises(ImageError, match=rf"{name}.png is not a regular file"):
            decode(str(tmp_path / f"{name}.png"), f"{name}.png")


def png(width, height, *chunks, data=b""):
    def chunk(kind, body):
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    parts = [chunk(b"IHDR", header), *(chunk(*each) for each in chunks), chunk(b"IDAT", zlib.compress(data))]
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts) + chunk(b"IEND", b"")


@pytest.mark.parametrize("pillows", [89_478_485, None])
def test_bombs_are_refused_before_they_are_unpacked(pillows, tmp_path, monkeypatch):
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", pillows)  # None: as other libraries set it
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    refused(png(60000, 60000), "60000|3600000000", tmp_path)
    refused(png(13378, 13378), "13378|178970884", tmp_path)
    gif = (
        b"GIF89a" + struct.pack("<HH", 65535, 65535) + b"\0\0\0," + struct.pack("<HHHH", 0, 0, 65535, 65535) + b"\0\2\0"
    )
    refused(gif, "65535|4294836225", tmp_path)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 100_000  # KiB


def test_large_images_below_the_bound_are_read_without_a_warning():
    data = encoded(Image.new("1", (9500, 9500)), optimize=False)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warnings.filterwarnings("ignore", category=Image.DecompressionBombWarning)  # as importing the module does
        assert decode(BytesIO(data), "a.png").size == (9500, 9500)
    code = (
        "import sys, io; from lib.data.readers.images import decode; from PIL import Image; b = io.BytesIO();"
        "Image.new('1', (9500, 9500)).save(b, 'PNG'); b.seek(0); print(decode(b, 'a').size)"
    )
    done = subprocess.run([os.sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("(9500, 9500)\n", "")


@pytest.mark.parametrize("size", [(1, 3000), (3000, 1), (1, 101), (10100, 100)])
def test_slivers_are_refused(size, tmp_path):
    """Resized to a shorter side of 224, a 1 x 3000 image would take 450 MB."""
    refused(encoded(Image.new("RGB", size)), "differ by a factor of 100", tmp_path)


@pytest.mark.parametrize("size", [(1, 1), (1, 100), (300, 3)])
def test_small_and_long_images_are_read(size):
    assert decode(BytesIO(encoded(Image.new("RGB", size))), "a").size == size


def test_chunks_that_unpack_to_much_are_bounded(tmp_path):
    zeros = zlib.compress(bytes(300 * 2**20), 9)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    refused(png(1, 1, (b"zTXt", b"a\0\0" + zeros), data=bytes(4)), "cannot decode", tmp_path)
    refused(png(1, 1, *[(b"tEXt", b"a\0" + bytes(2**20))] * 80, data=bytes(4)), "cannot decode", tmp_path)
    profile = png(1, 1, (b"iCCP", b"a\0\0" + zeros), data=bytes(4))
    with suppress(ImageError):
        assert decode(BytesIO(profile), "a").size == (1, 1)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 300_000  # KiB
    info = PngInfo()
    info.add_text("Comment", "short", zip=True)
    assert decode(BytesIO(encoded(Image.new("RGB", (2, 2)), pnginfo=info)), "a").size == (2, 2)


@pytest.mark.parametrize(
    "data", [b"", b"not an image\n" * 9, b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"P5 9 9", b"II*\0"]
)
def test_what_is_no_image_is_named(data, tmp_path):
    refused(data, "cannot decode .*a.png: .", tmp_path)


@pytest.mark.parametrize(
    "form", ["JPEG", "PNG", "TIFF", "BMP", "PPM", "GIF", *(["WEBP"] if features.check("webp") else [])]
)
def test_damaged_bytes_raise_nothing_but_an_image_error(form):
    whole, chance = encoded(colours(), form), random.Random(0)
    for _ in range(150):
        data = bytearray(whole)
        for _ in range(chance.randint(1, 6)):
            data[chance.randrange(min(len(data), 400))] = chance.randrange(256)
        with warnings.catch_warnings(), suppress(ImageError):  # anything else fails the test
            warnings.simplefilter("ignore")
            decode(BytesIO(bytes(data[: chance.randint(1, len(data))])), "a")


def test_names_with_line_breaks_and_foreign_bytes_stay_one_line(tmp_path):
    name = os.path.join(str(tmp_path), "a\nDone.\udce9.png")
    with open(name, "wb") as file:
        file.write(b"x")
    with pytest.raises(ImageError) as error:
        split_of_files([name], [0]).image(0)
    assert str(error.value).encode() and r"a\nDone.\udce9.png" in str(error.value)
