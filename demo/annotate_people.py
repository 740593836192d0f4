"""Who annotates. On this machine by the name a person gives; on a Space by the account they signed in with.

A public site that is no Space has neither: strangers could take any name, so the tab stays closed there.
"""

from __future__ import annotations

import os

from gradio import OAuthProfile

from sage.annotate.store import checked_name
from sage.faults import Border, WorldError

CLOSED = (
    "Labels need to be somebody's. This site is open to strangers and has no sign-in, so the tab is closed. "
    "Start the app with --trust among people you know, or put it on a Space with sign-in."
)
SIGN_IN = "Sign in with Hugging Face to annotate."
NOT_LISTED = "This account is not among the annotators of this Space; ask its owner."
NOT_YOURS = "Only the owner of this Space can do that."


def has_sign_in(is_public: bool) -> bool:
    """Whether people sign in here: on a Space whose front matter says `hf_oauth: true`."""
    return is_public and bool(os.environ.get("SPACE_ID") and os.environ.get("OAUTH_CLIENT_ID"))


def annotator(is_public: bool, profile: OAuthProfile | None, given: str) -> str:
    """The name labels are kept under; raises WorldError with what to do when this person may not label."""
    if not is_public:
        return checked_name(given)
    if not has_sign_in(is_public):
        raise WorldError(Border.DISK, CLOSED)
    if profile is None:
        raise WorldError(Border.DISK, SIGN_IN)
    listed = _listed()
    if listed and profile.username not in listed and not is_owner(is_public, profile):
        raise WorldError(Border.DISK, NOT_LISTED)
    return checked_name(profile.username)


def is_owner(is_public: bool, profile: OAuthProfile | None) -> bool:
    """Whether this person may make queues and take labels away: anybody at this machine, a Space's author."""
    if not is_public:
        return True
    author = os.environ.get("SPACE_AUTHOR_NAME")
    return bool(has_sign_in(is_public) and profile and author and profile.username == author)


def require_owner(is_public: bool, profile: OAuthProfile | None) -> None:
    """Raises WorldError for everybody else."""
    if not is_owner(is_public, profile):
        raise WorldError(Border.DISK, NOT_YOURS)


def _listed() -> set[str]:
    """SAGE_ANNOTATORS: account names, separated by commas; empty: everybody who signed in."""
    return {
        name.strip() for name in os.environ.get("SAGE_ANNOTATORS", "").split(",") if name.strip()
    }
