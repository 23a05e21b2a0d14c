"""Batches in a manifest: what does not fit together is refused before anything is asked, with the place and the remedy."""

import pytest

from pipeline.manifest.file import load
from pipeline.manifest.spec import ManifestError

MODELS = "{{baseline: {0}, generator: {0}, analyzer: {{model: world-analyzer}}}}"
SERVER = "providers={mine: {server: {command: [serve, '{port}']}}}"
VENDOR = "providers={vendor: {base_url: 'https://vendor.example/v1'}}"


@pytest.mark.parametrize(
    ("model", "overrides", "words"),
    [
        (
            "batch: w",
            ["batches={w: {kind: files}}"],
            "models.baseline.batch: backend: batch and the name of a batch go together",
        ),
        ("backend: batch", ["batches={w: {kind: files}}"], "models.baseline.batch: .* give both or neither"),
        ("backend: batch, batch: v", ["batches={w: {kind: files}}"], "batches does not name 'v'"),
        ("backend: batch, batch: w/x", ["batches={w/x: {kind: files}}"], "batches.w/x: names a folder too"),
        (
            "backend: batch, batch: w",
            [VENDOR, "batches={w: {kind: openai, provider: vender}}"],
            "name 'vender'.*vendor",
        ),
        ("backend: batch, batch: w", [VENDOR, "batches={w: {kind: openai}}"], "kind openai needs a provider"),
        ("backend: batch, batch: w", [VENDOR, "batches={w: {kind: files, provider: vendor}}"], "say kind: openai"),
        (
            "backend: batch, batch: w",
            [SERVER, "batches={w: {kind: openai, provider: mine}}"],
            "w.provider: the server of mine",
        ),
    ],
)
def test_what_does_not_fit_together_is_refused(model, overrides, words):
    models = f"models={MODELS.format('{model: m, ' + model + '}')}"
    with pytest.raises(ManifestError, match=words):
        load("manifests/demo.yaml", [*overrides, models])
