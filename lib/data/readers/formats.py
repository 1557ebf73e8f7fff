"""Which images are read: the endings of their names, the formats of their bytes, and bounds of their size."""

from __future__ import annotations

import warnings

from PIL import Image

FORMAT_OF = {
    ".jpg": "JPEG",
    ".jpeg": "JPEG",
    ".png": "PNG",
    ".ppm": "PPM",
    ".bmp": "BMP",
    ".pgm": "PPM",
    ".tif": "TIFF",
    ".tiff": "TIFF",
    ".webp": "WEBP",
}
EXTENSIONS = tuple(FORMAT_OF)  # torchvision's
# By content, whatever the name says: data sets hold PNGs named .JPEG (ImageNet) and GIFs named .jpg. Pillow decodes all
# of these itself; for others, such as EPS, it starts programs. MPO, of some cameras, is read as JPEG.
FORMATS = (*dict.fromkeys(FORMAT_OF.values()), "GIF")

MAX_PIXELS = 178_956_970  # where Pillow, too, refuses: 0.7 GB decoded
MAX_ASPECT = 100  # so that no resizing to a shorter side takes much more memory than the image itself

# Pillow warns from half of MAX_PIXELS on, and reads on; here an image is read or refused.
warnings.filterwarnings("ignore", category=Image.DecompressionBombWarning)


def check_size(width: int, height: int) -> None:
    """Raise ValueError for more than MAX_PIXELS, or for a longer side above MAX_ASPECT times the shorter one."""
    if width * height > MAX_PIXELS:
        raise ValueError(f"got {width} x {height} pixels, expected at most {MAX_PIXELS} in all")
    if max(width, height) > MAX_ASPECT * min(width, height):
        raise ValueError(
            f"got {width} x {height} pixels, expected sides that differ by a factor of {MAX_ASPECT} at most"
        )
