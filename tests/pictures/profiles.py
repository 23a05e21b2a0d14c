"""ICC profiles made of their definition, and what their colours are in sRGB by the formulas: no colour engine is asked."""

import struct

import numpy as np

D50 = np.array([0.9642, 1.0, 0.8249])
SRGB_TO_D50 = np.array(
    [[0.4360747, 0.3850649, 0.1430804], [0.2225045, 0.7168786, 0.0606169], [0.0139322, 0.0971045, 0.7141733]]
)
ADOBE_TO_D50 = np.array(
    [[0.6097559, 0.2052401, 0.1492240], [0.3111242, 0.6256560, 0.0632197], [0.0194811, 0.0608902, 0.7448387]]
)
P3_TO_D50 = np.array(
    [[0.5151187, 0.2919778, 0.1571035], [0.2411892, 0.6922441, 0.0665668], [-0.0010505, 0.0418791, 0.7840713]]
)


def encode(light: np.ndarray) -> np.ndarray:
    """Light in sRGB's primaries, 0 to 1, as levels of 255."""
    light = np.clip(light, 0, 1)
    return 255 * np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)


def decode(levels: np.ndarray) -> np.ndarray:
    values = np.asarray(levels) / 255
    return np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)


def from_rgb(levels: np.ndarray, to_d50: np.ndarray, gamma: float, most: int = 255) -> np.ndarray:
    """What levels in another RGB look like in sRGB."""
    light = (np.asarray(levels, float) / most) ** gamma
    return encode(light @ to_d50.T @ np.linalg.inv(SRGB_TO_D50).T)


def _s15(*values: float) -> bytes:
    return struct.pack(f">{len(values)}i", *(round(v * 65536) for v in values))


def _profile(space: bytes, kind: bytes, pcs: bytes, tags: dict[bytes, bytes]) -> bytes:
    tags = {b"desc": b"desc" + bytes(4) + struct.pack(">I", 5) + b"test\0" + bytes(78), **tags}
    tags[b"cprt"] = b"text" + bytes(4) + b"none\0"
    tags[b"wtpt"] = b"XYZ " + bytes(4) + _s15(*D50)
    place, table, body = 132 + 12 * len(tags), b"", b""
    for name, data in tags.items():
        data += bytes(-len(data) % 4)
        table += name + struct.pack(">II", place + len(body), len(data))
        body += data
    head = struct.pack(">I4sI4s4s4s", place + len(body), bytes(4), 0x02100000, kind, space, pcs)
    head += struct.pack(">6H", 2024, 1, 1, 0, 0, 0) + b"acsp" + bytes(28) + _s15(*D50)
    return head.ljust(128, b"\0") + struct.pack(">I", len(tags)) + table + body


def _gamma(gamma: float) -> bytes:
    return b"curv" + bytes(4) + struct.pack(">IH", 1, round(gamma * 256))


def rgb_profile(to_d50: np.ndarray, gamma: float) -> bytes:
    columns = {n + b"XYZ": b"XYZ " + bytes(4) + _s15(*to_d50[:, i]) for i, n in enumerate((b"r", b"g", b"b"))}
    return _profile(b"RGB ", b"mntr", b"XYZ ", columns | {n + b"TRC": _gamma(gamma) for n in (b"r", b"g", b"b")})


def grey_profile(gamma: float) -> bytes:
    return _profile(b"GRAY", b"mntr", b"XYZ ", {b"kTRC": _gamma(gamma)})


def lab(levels: tuple[int, ...]) -> np.ndarray:
    """An sRGB colour as CIE Lab under D50."""
    ratio = (SRGB_TO_D50 @ decode(np.array(levels))) / D50
    f = np.where(ratio > 0.008856, np.cbrt(ratio), 7.787 * ratio + 16 / 116)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


def ink_profile(corners: list[tuple[int, ...]]) -> bytes:
    """A CMYK profile of two grid points an ink: `corners` are the sRGB colours of all 16 mixtures, C slowest and K fastest."""
    steps = struct.pack(">4H", 0, 65535, 0, 65535)
    grid = b"".join(
        struct.pack(">3H", *(round(v) for v in (l * 652.8, (a + 128) * 256, (b + 128) * 256)))
        for l, a, b in map(lab, corners)  # noqa: E741
    )
    identity = _s15(1, 0, 0, 0, 1, 0, 0, 0, 1)
    table = b"mft2" + bytes(4) + bytes((4, 3, 2, 0)) + identity + struct.pack(">2H", 2, 2)
    table += steps * 2 + grid + steps + steps[:4]
    return _profile(b"CMYK", b"prtr", b"Lab ", {b"A2B0": table})
