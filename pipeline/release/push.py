"""A release on a hub: `huggingface_hub` puts it there in one commit.

In: the folder of a release, the name of a repository of data sets. Out: the address of the commit. What an earlier release left in
the folders of the products goes with the same commit, so that no withdrawn row stays. The token is `huggingface_hub`'s own business
(`hf auth login`, or HF_TOKEN).
"""

from pathlib import Path

from pipeline.errors import one_line
from pipeline.manifest.forms import PRODUCTS
from pipeline.release.place import ReleaseError
from pipeline.release.sums import check_sums


def push(folder: Path, repository: str, endpoint: str | None = None) -> str:
    """Upload a release; a repository that is not there yet is made, a private one. `endpoint` as HF_ENDPOINT.

    Raises ReleaseError where the files are not those of the release, or the hub does not take them.
    """
    try:
        from huggingface_hub import HfApi
    except ImportError:
        raise ReleaseError("--push needs huggingface_hub; install it: pip install 'x2i-ladder[review]'") from None
    for problem in check_sums(folder):
        raise ReleaseError(f"{folder}: not pushed, {problem}")
    api = HfApi(endpoint=endpoint)
    try:
        api.create_repo(repository, repo_type="dataset", private=True, exist_ok=True)
        commit = api.upload_folder(
            repo_id=repository,
            repo_type="dataset",
            folder_path=folder,
            commit_message="Release",
            delete_patterns=[f"{product}/*" for product in PRODUCTS],
        )
    except (OSError, ValueError) as error:  # what the hub says, and names that it does not allow
        raise ReleaseError(
            f"{folder} is written, and {repository} did not take it ({one_line(error)}); x2i release again pushes it"
        ) from None
    return str(commit.commit_url)
