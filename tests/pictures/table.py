"""The table of odd pictures: what lies in the file, and what is seen."""

import io
import struct

import numpy as np
from PIL import Image, ImageCms, PngImagePlugin

from tests.pictures import profiles
from tests.pictures.odd import (
    ALPHA,
    GREY,
    HEIGHT,
    LOSSY,
    SCENE,
    SIZE,
    WIDTH,
    Odd,
    animation,
    bmp,
    chromaticities,
    chunk,
    exif,
    gamma,
    iccp,
    inks,
    interlaced,
    jpeg,
    mixture,
    of_inks,
    on_white,
    palette,
    png,
    saved,
    scene,
    stored,
    three,
    ycck,
)

ADOBE = profiles.rgb_profile(profiles.ADOBE_TO_D50, 563 / 256)
P3 = profiles.rgb_profile(profiles.P3_TO_D50, 2.4)
AS_ADOBE = profiles.from_rgb(SCENE, profiles.ADOBE_TO_D50, 563 / 256)
PALE = SCENE // 2 + 70
"""Far from the edge of sRGB, where a level more or less in a wider space is many."""
PALE_ADOBE = profiles.from_rgb(PALE, profiles.ADOBE_TO_D50, 563 / 256)
AS_P3 = profiles.from_rgb(SCENE, profiles.P3_TO_D50, 2.4)
SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
XMP = (
    b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
    b'<rdf:Description xmlns:tiff="http://ns.adobe.com/tiff/1.0/" tiff:Orientation="8"/></rdf:RDF></x:xmpmeta>'
)


def turned() -> dict[str, Odd]:
    cases = {f"jpeg orientation {n}": Odd(jpeg(stored(n), exif=exif(n)), SCENE, LOSSY) for n in range(1, 9)}
    deep = stored(6, scene(deep=True))
    return cases | {
        "jpeg with a place": Odd(jpeg(exif=exif(1, place=True), comment=b"SECRET WORDS"), SCENE, LOSSY),
        "png turned": Odd(saved(stored(6), exif=exif(6)), SCENE),
        "png turned by a late tag": Odd(
            png(stored(3), 2, 8, after=chunk(b"eXIf", exif(3).removeprefix(b"Exif\0\0"))), SCENE
        ),
        "png turned by xmp": Odd(
            png(stored(8), 2, 8, chunk(b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + XMP), size=SIZE[::-1]), SCENE
        ),
        "webp turned": Odd(saved(stored(8), "WEBP", lossless=True, exif=exif(8)), SCENE),
        "deep and turned": Odd(
            png(deep, 2, 16, chunk(b"eXIf", exif(6).removeprefix(b"Exif\0\0")), size=SIZE[::-1]), scene(True) / 257, 1
        ),
        "grey jpeg turned": Odd(jpeg(stored(5, GREY), exif=exif(5)), three(GREY), LOSSY),
        "broken orientation": Odd(png(SCENE, 2, 8, chunk(b"eXIf", b"MM\0*\xff\xff\xff\xff")), SCENE),
        "orientation 9": Odd(saved(SCENE, exif=exif(9)), SCENE),
    }


def moving() -> dict[str, Odd]:
    image, seen = palette()
    other, _ = palette()
    other.putpalette(bytes(768))
    clear, seen_clear = palette(transparent=5)
    out = io.BytesIO()
    Image.fromarray(SCENE).save(
        out, "MPO", save_all=True, append_images=[Image.fromarray(255 - SCENE)], quality=97, subsampling=0
    )
    default = saved(255 - SCENE, save_all=True, append_images=[Image.fromarray(SCENE)], default_image=True)
    return {
        "gif": Odd(saved(image, "GIF"), seen),
        "animated gif": Odd(saved(image, "GIF", save_all=True, append_images=[other], duration=40), seen),
        "gif with a hole": Odd(saved(clear, "GIF", transparency=5), seen_clear),
        "apng": Odd(animation("PNG"), SCENE),
        "apng whose picture stands still": Odd(default, 255 - SCENE),
        "animated webp": Odd(animation("WEBP", lossless=True), SCENE),
        "mpo": Odd(out.getvalue(), SCENE, LOSSY),
    }


def bitmaps() -> dict[str, Odd]:
    image, seen = palette()
    bits = (GREY > 128).astype(np.uint8) * 255
    turned_over = SCENE[::-1]
    b, g, r = (turned_over[..., n].astype(np.uint16) for n in (2, 1, 0))
    packed = ((r >> 3) << 11 | (g >> 2) << 5 | b >> 3).astype("<u2").tobytes()
    masks = struct.pack("<3I", 0xF800, 0x07E0, 0x001F)
    upright = SCENE[..., ::-1].tobytes()
    with_alpha = saved(np.dstack([SCENE, ALPHA]), "BMP")
    runs = b"".join(bytes((3, n)) for n in range(16)) + b"\0\0"
    colours = b"".join(bytes((*c[::-1], 0)) for c in seen[0, ::3].tolist())
    return {
        "bmp": Odd(saved(SCENE, "BMP"), SCENE),
        "bmp of 8 bits": Odd(saved(image, "BMP"), seen),
        "bmp of 1 bit": Odd(saved(Image.fromarray(bits).convert("1"), "BMP"), three(bits)),
        "bmp of 16 bits": Odd(bmp(16, packed, compression=3, extra=masks), SCENE, 8),
        "bmp from above": Odd(bmp(24, upright, height=-HEIGHT), SCENE),
        "bmp of runs": Odd(bmp(8, runs * HEIGHT + b"\0\1", compression=1, extra=colours, colours=16), seen),
        "bmp of 32 bits": Odd(with_alpha, SCENE if with_alpha[14] == 40 else on_white(SCENE, ALPHA), 1),
    }


def modes() -> dict[str, Odd]:
    image, seen = palette()
    _, seen_clear = palette(transparent=5)
    bits = (GREY > 128).astype(np.uint8) * 255
    levels = (np.arange(WIDTH)[None] * 4 // WIDTH).repeat(HEIGHT, 0)
    packed = np.packbits(np.stack([levels >> 1 & 1, levels & 1], -1).reshape(HEIGHT, -1).astype(np.uint8), axis=1)
    deep, white = scene(deep=True), 255
    key, key16 = tuple(SCENE[3, 4].tolist()), deep[3, 4]
    hole = np.where((SCENE[3, 4] == SCENE).all(-1, keepdims=True), white, SCENE)
    hole16 = np.where((deep == key16).all(-1, keepdims=True), white, deep / 257)
    deep_alpha = np.dstack([deep, ALPHA.astype(np.uint16) * 257])
    tinted = image.copy()
    fading = bytes(round(n * 17) for n in range(16))
    return {
        "png of 1 bit": Odd(saved(Image.fromarray(bits).convert("1")), three(bits)),
        "png of 1 bit with a hole": Odd(
            saved(Image.fromarray(bits).convert("1"), transparency=0), three(bits) * 0 + 255
        ),
        "png of 2 bits with a hole": Odd(
            png(packed, 0, 2, chunk(b"tRNS", b"\0\1")), three(np.where(levels == 1, white, levels * 85))
        ),
        "grey png": Odd(saved(GREY), three(GREY)),
        "grey png with a hole": Odd(
            saved(GREY, transparency=int(GREY[0, 9])), three(np.where(GREY[0, 9] == GREY, white, GREY))
        ),
        "grey png with alpha": Odd(saved(np.dstack([GREY, ALPHA])), on_white(three(GREY), ALPHA), 1),
        "png with alpha": Odd(saved(np.dstack([SCENE, ALPHA])), on_white(SCENE, ALPHA), 1),
        "webp with alpha": Odd(
            saved(np.dstack([SCENE, ALPHA | 1]), "WEBP", lossless=True), on_white(SCENE, ALPHA | 1), 1
        ),
        "png of a palette": Odd(saved(image), seen),
        "palette with a hole": Odd(saved(image, transparency=5), seen_clear),
        "fading palette": Odd(
            saved(tinted, transparency=fading), on_white(seen, np.array(list(fading))[np.asarray(image)]), 1
        ),
        "png with a transparent colour": Odd(saved(SCENE, transparency=key), hole),
        "grey of 16 bits": Odd(saved(deep[..., 0]), three(deep[..., 0]) / 257, 1),
        "grey of 16 bits with a hole": Odd(
            png(deep[..., :1], 0, 16, chunk(b"tRNS", struct.pack(">H", deep[5, 5, 0]))),
            three(np.where(deep[..., 0] == deep[5, 5, 0], 255, deep[..., 0] / 257)),
            1,
        ),
        "grey and alpha of 16 bits": Odd(
            png(deep_alpha[..., [0, 3]], 4, 16), on_white(three(deep[..., 0]) / 257, ALPHA), 1
        ),
        "colours of 16 bits": Odd(png(deep, 2, 16), deep / 257, 1),
        "colours of 16 bits with a hole": Odd(
            png(deep, 2, 16, chunk(b"tRNS", struct.pack(">3H", *key16.tolist()))), hole16, 1
        ),
        "interlaced colours of 16 bits": Odd(interlaced(deep, 16), deep / 257, 1),
        "colours and alpha of 16 bits": Odd(png(deep_alpha, 6, 16), on_white(deep / 257, ALPHA), 1),
    }


def coloured() -> dict[str, Odd]:
    full, seen, corners = inks()
    cmyk = Image.frombytes("CMYK", SIZE, mixture().tobytes())
    patches = Image.frombytes("CMYK", SIZE, full.tobytes())
    grey = three(profiles.encode((GREY / 255) ** 1.5))
    dark = (scene(deep=True) // 12).astype(np.uint16)
    adobe_xy = (0.3127, 0.3290, 0.64, 0.33, 0.21, 0.71, 0.15, 0.06)
    as_p3 = profiles.encode(profiles.decode(SCENE) @ profiles.P3_TO_D50.T @ np.linalg.inv(profiles.SRGB_TO_D50).T)
    return {
        "jpeg in adobe rgb": Odd(jpeg(PALE, quality=100, icc_profile=ADOBE), PALE_ADOBE, LOSSY),
        "png in display p3": Odd(saved(SCENE, icc_profile=P3), AS_P3, 2),
        "png in adobe rgb with alpha": Odd(
            saved(np.dstack([SCENE, ALPHA]), icc_profile=ADOBE), on_white(AS_ADOBE, ALPHA), 2
        ),
        "webp in adobe rgb": Odd(saved(SCENE, "WEBP", lossless=True, icc_profile=ADOBE), AS_ADOBE, 2),
        "palette in adobe rgb": Odd(
            saved(palette()[0], icc_profile=ADOBE),
            profiles.from_rgb(palette()[1], profiles.ADOBE_TO_D50, 563 / 256),
            3,
        ),
        "jpeg in adobe rgb, turned": Odd(
            jpeg(stored(6, PALE), quality=100, icc_profile=ADOBE, exif=exif(6)), PALE_ADOBE, LOSSY
        ),
        "grey png under a profile": Odd(saved(GREY, icc_profile=profiles.grey_profile(1.5)), grey, 2),
        "grey jpeg under a profile": Odd(jpeg(GREY, icc_profile=profiles.grey_profile(1.5)), grey, LOSSY),
        "grey jpeg": Odd(jpeg(GREY), three(GREY), LOSSY),
        "cmyk": Odd(jpeg(cmyk), of_inks(mixture()), LOSSY),
        "ycck": Odd(ycck(), of_inks(mixture()), LOSSY + 2),
        "cmyk under a profile": Odd(jpeg(patches, quality=100, icc_profile=profiles.ink_profile(corners)), seen, 4),
        "jpeg of rgb": Odd(jpeg(keep_rgb=True), SCENE, LOSSY),
        "progressive jpeg": Odd(jpeg(progressive=True), SCENE, LOSSY),
        "jpeg that says srgb": Odd(jpeg(icc_profile=SRGB), SCENE, LOSSY),
        "png that says srgb": Odd(saved(SCENE, icc_profile=SRGB), SCENE),
        "png under a broken profile": Odd(saved(SCENE, icc_profile=b"no profile at all"), SCENE),
        "jpeg under half a profile": Odd(jpeg(icc_profile=ADOBE[:200]), SCENE, LOSSY),
        "rgb under a profile of inks": Odd(saved(SCENE, icc_profile=profiles.ink_profile(corners)), SCENE),
        "grey under a profile of rgb": Odd(saved(GREY, icc_profile=ADOBE), three(GREY)),
        "png of linear light": Odd(png(SCENE, 2, 8, gamma(1.0)), profiles.encode(SCENE / 255), 1),
        "dark linear light of 16 bits": Odd(png(dark, 2, 16, gamma(1.0)), profiles.encode(dark / 65535), 1),
        "grey under gamma": Odd(png(GREY, 0, 8, gamma(1 / 1.8)), three(profiles.encode((GREY / 255) ** 1.8)), 1),
        "png under the usual gamma": Odd(png(SCENE, 2, 8, gamma(1 / 2.2)), SCENE),
        "srgb goes before gamma": Odd(png(SCENE, 2, 8, gamma(1.0), chunk(b"sRGB", b"\0")), SCENE),
        "a profile goes before gamma": Odd(png(SCENE, 2, 8, gamma(1.0), iccp(P3)), AS_P3, 2),
        "chromaticities": Odd(png(SCENE, 2, 8, gamma(256 / 563), chromaticities(*adobe_xy)), AS_ADOBE, 2),
        "chromaticities of nothing": Odd(png(SCENE, 2, 8, chromaticities(*[0.0] * 8)), SCENE),
        "cicp of display p3": Odd(png(SCENE, 2, 8, chunk(b"cICP", bytes((12, 13, 0, 1)))), as_p3, 2),
        "cicp of high range": Odd(png(SCENE, 2, 8, chunk(b"cICP", bytes((9, 16, 0, 1)))), SCENE),
    }


def laden() -> dict[str, Odd]:
    text = PngImagePlugin.PngInfo()
    text.add_text("parameters", "SECRET PROMPT")
    text.add_itxt("workflow", "SECRET WORDS", zip=True)
    plain = jpeg()
    return {
        "png with words": Odd(saved(SCENE, pnginfo=text), SCENE),
        "png with its date": Odd(png(SCENE, 2, 8, chunk(b"tIME", bytes(7))), SCENE),
        "png with more after its end": Odd(saved(SCENE) + b"SECRET TAIL", SCENE),
        "jpeg with more after its end": Odd(plain + b"SECRET TAIL" * 3, SCENE, LOSSY),
        "jpeg with segments of others": Odd(
            plain[:20] + b"\xff\xed\0\x0eSECRET TAGS." + b"\xff\xe2\0\x0eSECRET ICC.." + plain[20:], SCENE, LOSSY
        ),
        "jpeg with xmp": Odd(jpeg(xmp=XMP.replace(b'"8"', b'"1"') + b"<!-- SECRET -->"), SCENE, LOSSY),
    }


VERBATIM = {
    "png": Odd(saved(SCENE), SCENE),
    "png packed tightly": Odd(saved(SCENE, optimize=True), SCENE),
    "png of a density": Odd(saved(SCENE, dpi=(300, 300)), SCENE),
    "png that says srgb in a chunk": Odd(png(SCENE, 2, 8, chunk(b"sRGB", b"\0"), gamma(1 / 2.2)), SCENE),
    "interlaced png": Odd(interlaced(SCENE, 8), SCENE),
    "jpeg": Odd(jpeg(), SCENE, LOSSY),
    "jpeg in steps": Odd(jpeg(progressive=True), SCENE, LOSSY),
    "jpeg of few colours": Odd(jpeg(subsampling=2), SCENE, LOSSY + 6),
    "jpeg that starts over": Odd(jpeg(restart_marker_rows=1), SCENE, LOSSY),
}
"""Files that are renditions as they are."""
ODD = turned() | moving() | bitmaps() | modes() | coloured() | laden()
