"""What BAGEL does with Parquet, as its documentation and its messages describe it: no code of BAGEL's, and no torch.

`install` puts it where BAGEL's own modules would be, so that `x2i_dataset.py` runs as it would there. It lists a folder, takes
the files that `parquet_info` knows, reads a whole row group with `.to_pandas()`, prints what fails and goes on, for ever.
"""

import os
import sys
from types import ModuleType

import numpy as np
import pyarrow.parquet as pq


class Tokenizer:
    """Bytes, and the special tokens that BAGEL adds."""

    special = ("<|vision_start|>", "<|im_start|>", "<|endoftext|>")

    def encode(self, text):
        return list(text.encode())

    def convert_tokens_to_ids(self, name):
        return 1000 + self.special.index(name)


class Transform:
    """An image as float32 [3, height, width]; `stride` pixels a token."""

    stride = 8

    def __call__(self, image):
        assert image.mode == "RGB"
        return np.asarray(image, dtype=np.float32).transpose(2, 0, 1)


class Interleaved:
    """The plan of a sample, element by element."""

    def _init_data(self):
        return {"sequence_plan": [], "text_ids_list": [], "image_tensor_list": [], "num_tokens": 0}

    def _add_text(self, data, text, need_loss, enable_cfg=True):
        ids = self.tokenizer.encode(text)
        data["num_tokens"] += len(ids)
        data["text_ids_list"].append(ids)
        return self._plan(data, "text", enable_cfg, need_loss)

    def _add_image(self, data, image, need_loss, need_vae, need_vit, enable_cfg=True):
        assert need_loss or need_vae or need_vit
        kinds = [("vae_image", 0, 1)] * need_loss + [("vae_image", int(enable_cfg), 0)] * need_vae
        for kind, cfg, loss in kinds + [("vit_image", int(enable_cfg), 0)] * need_vit:
            self._plan(data, kind, cfg, loss)
            tensor = self.transform(image)
            data["image_tensor_list"].append(tensor)
            data["num_tokens"] += tensor.shape[1] * tensor.shape[2] // self.transform.stride**2
        return data

    def _plan(self, data, kind, cfg, loss):
        entry = {"type": kind, "enable_cfg": int(cfg), "loss": int(loss)}
        data["sequence_plan"].append({**entry, "special_token_loss": 0, "special_token_label": None})
        return data


class Standard:
    """The reader of a folder of Parquet files; `rounds` ends what BAGEL never ends."""

    def __init__(self, info, rank=0, world=1, workers=1, worker=0, rounds=1):
        self.tokenizer, self.transform, self.rounds = Tokenizer(), Transform(), rounds
        names = sorted(name for name in os.listdir(info["data_dir"]) if name.endswith(".parquet"))
        paths = [os.path.join(info["data_dir"], names[n % len(names)]) for n in range(info["num_files"])]
        with open(info["parquet_info_path"]) as file:
            known = __import__("json").load(file)
        units = [(path, n) for path in paths if path in known for n in range(known[path]["num_row_groups"])]
        share = len(units) // world
        units = units[rank * share : (rank + 1) * share]
        self.units = units[worker * (share // workers) : (worker + 1) * (share // workers)]

    def __iter__(self):
        for _ in range(self.rounds):
            for path, group in self.units:
                for _, row in pq.ParquetFile(path).read_row_group(group).to_pandas().iterrows():
                    try:
                        data = self.parse_row(row)
                    except Exception as error:  # noqa: BLE001 that is what BAGEL does
                        print(f"Error {error} in rg#{group}, {path}")
                        continue
                    yield data


def install(monkeypatch, folder):
    """Import `x2i_dataset` from an export as BAGEL would; returns the module."""
    names = ("data", "data.interleave_datasets", "data.interleave_datasets.interleave_t2i_dataset")
    for name in names:
        monkeypatch.setitem(sys.modules, name, ModuleType(name))
    sys.modules[names[-1]].InterleavedBaseIterableDataset = Interleaved
    sys.modules[names[-1]].ParquetStandardIterableDataset = Standard
    monkeypatch.syspath_prepend(str(folder))
    monkeypatch.delitem(sys.modules, "x2i_dataset", raising=False)
    module = __import__("x2i_dataset")
    monkeypatch.delitem(sys.modules, "x2i_dataset")
    return module
