"""Why a link gives no film, as sentences for a person: what failed, what to do, what was kept."""

from __future__ import annotations

import re

KEPT = "Your question is kept."
_UPLOAD = f"Upload the file instead. {KEPT}"
_OTHER = f"Use another link or upload the file. {KEPT}"

PLAYLIST = (
    f"This link leads to a playlist or channel, not to one video. Use the link of one video. {KEPT}"
)
LIVE = f"This is a live stream, which has no end yet. Use a finished video. {KEPT}"
TIMED_OUT = f"The download took too long and was ended. {_UPLOAD}"
REFUSED = f"This site refuses this server; upload the file instead. {KEPT}"
BROKEN = f"The site could not be read. {_UPLOAD}"

_REASONS = (
    (r"^live$|live event|premieres? (in|will)|not yet started|is offline", LIVE),
    (r"^playlist$", PLAYLIST),
    (r"\bdrm\b", f"This video is copy-protected and cannot be read. {_OTHER}"),
    (r"\bprivate\b", f"This video is private. {_OTHER}"),
    (
        r"confirm your age|age.restricted|inappropriate",
        f"The site shows this video only to adults who are logged in. {_UPLOAD}",
    ),
    (
        r"members.only|join this channel|subscri(be|ption)|premium|purchase|\b(rent|paid)\b",
        f"This video is only for paying members. {_UPLOAD}",
    ),
    (
        r"geo.?restrict|available (in|from) your (country|location|region)|your country",
        f"This video may not be watched from the country of this server. {_UPLOAD}",
    ),
    (
        r"not a bot|captcha|http error (403|429)|too many requests|\bip (address )?is blocked"
        r"|unusual traffic|impersonat",
        REFUSED,
    ),
    (
        r"\blog ?in\b|logged|sign in|cookies|password|account (cred|is req)",
        f"This site wants a login, which is not done here. {_UPLOAD}",
    ),
    (
        r"unavailable|removed|deleted|terminated|does not exist|no longer|http error (404|410)"
        r"|copyright|not available",
        f"The video is not there (any more): the site calls it unavailable. {_OTHER}",
    ),
    (
        r"name resolution|name or service|getaddrinfo|failed to resolve|nodename"
        r"|network is unreachable|no route to host|connection refused",
        "The site cannot be reached from this server. "
        f"Check the network, or upload the file instead. {KEPT}",
    ),
    (
        r"timed out|timeout|connection (was )?(reset|aborted)|incomplete ?read|ssl|bytes read",
        f"The connection to the site broke off. Try again, or upload the file instead. {KEPT}",
    ),
    (
        r"no suitable extractor|unsupported url|no video|nothing found|there is no video",
        f"No video was found behind this link. {_OTHER}",
    ),
    (
        r"ffmpeg|requested format",
        f"The site offers this video in no form that can be read here. {_UPLOAD}",
    ),
    (
        r"no space left",
        f"The disk of this server is full, so the film could not be kept. {KEPT}",
    ),
)


def explain(message: str) -> str:
    """The sentence for a reason of ours (`live`, `playlist`) or a message of yt-dlp's."""
    text = message.lower()
    return next((sentence for pattern, sentence in _REASONS if re.search(pattern, text)), BROKEN)


def too_long(max_seconds: float) -> str:
    hours = f"{max_seconds / 3600:g} h" if max_seconds >= 3600 else f"{max_seconds / 60:.3g} min"
    return f"This film is longer than the limit of {hours}. Upload a part of it instead. {KEPT}"


def too_large(max_bytes: int) -> str:
    size = f"{max_bytes / 2**30:.3g} GB" if max_bytes >= 2**30 else f"{max_bytes / 2**20:.3g} MB"
    return f"This film is larger than the limit of {size}. Upload a part of it instead. {KEPT}"


def not_a_video(what: str) -> str:
    """`what` is what was found instead, e.g. "a web page"."""
    return (
        f"This link does not lead to a video, it leads to {what}. Paste a link to a video file or to "
        f"a page of a known video site, or upload the file. {KEPT}"
    )
