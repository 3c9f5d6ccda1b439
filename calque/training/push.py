"""Uploading a finished folder to the Hugging Face hub, in one commit."""

from __future__ import annotations

import io
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import metadata
from typing import Any

from huggingface_hub import CommitOperationAdd, CommitOperationDelete, HfApi, constants, get_token
from huggingface_hub.errors import (  # type: ignore[attr-defined]  # HTTPError is httpx's, or that of what it uses now
    HfHubHTTPError,
    HFValidationError,
    HTTPError,
    LocalTokenNotFoundError,
    OfflineModeIsEnabled,
    RepositoryNotFoundError,
    RevisionNotFoundError,
)

from calque.errors import CalqueError, MachineError, ModelError, RecipeError
from calque.model.disk import told
from calque.recipes.push import Push
from calque.training.parcel import Parcel, is_known, pack

Progress = Callable[[str], None]
_LOGIN = (
    "log in with `hf auth login`, or set HF_TOKEN to a token that may write (https://huggingface.co/settings/tokens)"
)
_GITS = (".gitattributes", ".gitignore")  # what the hub puts there by itself


def push(recipe: Push, progress: Progress | None = None) -> dict[str, Any]:
    """Upload what `recipe.folder` holds of a translator or an adapter, and answer what went where.

    Only known files are sent; of those that say where something lies on this machine, a copy that does not. A
    repository that holds an older translator gets a new commit, in which files that no longer belong to it go away.

    Args:
        recipe: which folder, where to.
        progress: told what is done.

    Raises:
        ModelError: the folder is no translator or adapter, or not complete, or the hub refuses the header of its card;
            nothing was sent.
        RecipeError: its licence is unknown, the name is no name, or the repository holds something else.
        MachineError: there is no token, it may not write there, or the hub cannot be reached.
    """
    parcel = pack(recipe.folder, recipe.license)
    answer = _told(recipe, parcel)
    if recipe.dry_run:
        return answer
    if not get_token():
        raise MachineError(f"no login on the hub: {_LOGIN}")
    say = progress or _silence
    with _hub(recipe.repo):
        api = HfApi(endpoint=constants.ENDPOINT, library_name="calque", library_version=metadata.version("calque"))
        repo, stale = _room(api, recipe, parcel)
        say(f"uploading {told(answer['bytes'])} to {repo} ...")
        done = api.create_commit(
            repo,
            [*map(_added, parcel.files.items()), *(CommitOperationDelete(name) for name in stale)],
            commit_message=recipe.message,
            revision=recipe.revision,
        )
    return answer | {"repo": repo, "url": str(done.commit_url), "commit": done.oid, "deleted": stale}


def _told(recipe: Push, parcel: Parcel) -> dict[str, Any]:
    files = parcel.sizes()
    return {
        "repo": recipe.repo,
        "revision": recipe.revision or "main",
        "private": recipe.private,
        "dry_run": recipe.dry_run,
        "licence": parcel.licence,
        "files": files,
        "bytes": sum(file["bytes"] for file in files),
        "left_out": list(parcel.left_out),
        "notes": list(parcel.notes),
    }


def _room(api: HfApi, recipe: Push, parcel: Parcel) -> tuple[str, list[str]]:
    """The repository, made where there is none, with its owner; and the files there that the commit takes away.

    Raises:
        RecipeError: it holds something that is no translator.
    """
    named = recipe.repo if "/" in recipe.repo else f"{api.whoami()['name']}/{recipe.repo}"
    there: list[str] = []
    try:
        there = [file.rfilename for file in api.model_info(named).siblings or []]
    except RepositoryNotFoundError:
        api.create_repo(named, private=recipe.private, exist_ok=True)
    if "calque.json" not in there and [name for name in there if name not in _GITS]:
        raise RecipeError(
            f"{named} exists on the hub and holds something else ({', '.join(there[:3])}): choose another name"
        )
    if recipe.private and there and not api.model_info(named).private:
        raise RecipeError(f"{named} exists on the hub and is public: --private is for a new repository; leave it out")
    if recipe.revision is None:
        return named, [name for name in there if is_known(name) and name not in parcel.files]
    api.create_branch(named, branch=recipe.revision, exist_ok=True)
    there = api.list_repo_files(named, revision=recipe.revision)
    return named, [name for name in there if is_known(name) and name not in parcel.files]


def _added(file: tuple[str, Any]) -> CommitOperationAdd:
    name, sent = file
    return CommitOperationAdd(name, io.BytesIO(sent) if isinstance(sent, bytes) else os.fspath(sent))


@contextmanager
def _hub(repo: str) -> Iterator[None]:
    """Where the hub is asked: what it refuses becomes one sentence."""
    try:
        yield
    except CalqueError:
        raise
    except HFValidationError as error:
        raise RecipeError(f"'{repo}' is no name of a repository ({_first_line(error)})") from None
    except OfflineModeIsEnabled:
        raise MachineError("HF_HUB_OFFLINE is set, so nothing can be uploaded: unset it") from None
    except LocalTokenNotFoundError:
        raise MachineError(f"no login on the hub: {_LOGIN}") from None
    except RevisionNotFoundError as error:
        raise RecipeError(f"{repo} has no such branch ({_first_line(error)})") from None
    except HfHubHTTPError as error:
        raise _refused(repo, error) from None
    except ValueError as error:  # how huggingface_hub tells what the hub says of a card's header
        raise ModelError(f"README.md: the hub refuses it ({' '.join(str(error).split())})") from None
    except (HTTPError, OSError) as error:
        raise MachineError(
            f"the hub ({constants.ENDPOINT}) cannot be reached ({_first_line(error)}): look at the network and run "
            "again; nothing was uploaded"
        ) from None


def _refused(repo: str, error: HfHubHTTPError) -> CalqueError:
    """What an answer of the hub means."""
    status = getattr(error.response, "status_code", 0)
    if status == 401:
        return MachineError(f"the hub does not know this login (401): {_LOGIN}")
    if status in (403, 404):
        return MachineError(
            f"this login may not write to {repo} ({status}): check the owner's name, or take a token with write access"
        )
    if status in (409, 412):
        return MachineError(f"{repo} changed on the hub while it was uploaded to ({status}): run again")
    if status >= 500:
        return MachineError(f"the hub has trouble ({status}): run again later; nothing was uploaded")
    return MachineError(f"the hub refused the upload to {repo} ({_first_line(error)})")


def _first_line(error: Exception) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[0].rstrip(".:") if lines else type(error).__name__


def _silence(_: str) -> None:
    """What is done is told to nobody."""
