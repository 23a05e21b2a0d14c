"""Masked SFT in a process of its own: SHARDS MODEL OUT SETTINGS, the last one as JSON."""

import json
import sys
from pathlib import Path

from training.sft.run import train_sft
from training.sft.settings import SftSettings

if __name__ == "__main__":
    shards, model, out, settings = sys.argv[1:]
    train_sft(shards, model, Path(out), SftSettings(**json.loads(settings)))
